/* Mutex kinds and errors: trylock, timed lock, error checking, recursive.
   See pthread_mutex_lock(3), pthread_mutex_timedlock(3). static-too */
#include "guest.h"

static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER, m;

static pthread_mutex_t *kind(int type)
{
	pthread_mutexattr_t a;
	pthread_mutexattr_init(&a);
	pthread_mutexattr_settype(&a, type);
	pthread_mutex_init(&m, &a);
	return &m;
}

static void *unlock_other(void *arg) { return (void *)(intptr_t)pthread_mutex_unlock(arg); }
static void *try_other(void *arg) { return (void *)(intptr_t)pthread_mutex_trylock(arg); }

static void *timed(void *arg)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += 20000000;
	if (t.tv_nsec >= 1000000000)
		t.tv_sec++, t.tv_nsec -= 1000000000;
	return (void *)(intptr_t)pthread_mutex_timedlock(arg, &t);
}

static int in_thread(void *(*fn)(void *), void *arg)
{
	return (int)(intptr_t)guest_join(guest_thread(fn, arg));
}

int main(void)
{
	CHECK_RC("trylock free", pthread_mutex_trylock(&plain), 0);
	CHECK_RC("trylock held", pthread_mutex_trylock(&plain), EBUSY);
	CHECK_RC("trylock held by another", in_thread(try_other, &plain), EBUSY);
	int64_t start = guest_now_ns();
	CHECK_RC("timed lock", in_thread(timed, &plain), ETIMEDOUT);
	CHECK("it waited", guest_now_ns() - start >= 15000000);
	CHECK_RC("unlock", pthread_mutex_unlock(&plain), 0);
	CHECK_RC("timed lock of a free one", in_thread(timed, &plain), 0);

	kind(PTHREAD_MUTEX_ERRORCHECK);
	CHECK_RC("unlock not locked", pthread_mutex_unlock(&m), EPERM);
	CHECK_RC("lock", pthread_mutex_lock(&m), 0);
	CHECK_RC("lock again", pthread_mutex_lock(&m), EDEADLK);
	CHECK_RC("unlock by another", in_thread(unlock_other, &m), EPERM);
	CHECK_RC("destroy unlocked", (pthread_mutex_unlock(&m), pthread_mutex_destroy(&m)), 0);

	kind(PTHREAD_MUTEX_RECURSIVE);
	CHECK_RC("recursive lock", pthread_mutex_lock(&m), 0);
	CHECK_RC("recursive lock again", pthread_mutex_lock(&m), 0);
	CHECK_RC("unlock once", pthread_mutex_unlock(&m), 0);
	CHECK_RC("still held", in_thread(try_other, &m), EBUSY);
	CHECK_RC("unlock twice", pthread_mutex_unlock(&m), 0);
	CHECK_RC("now free", in_thread(try_other, &m), 0);
	return guest_done();
}
