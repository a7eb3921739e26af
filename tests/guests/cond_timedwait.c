/* A timed wait ends with ETIMEDOUT holding the mutex; broadcast wakes every
   waiter. See pthread_cond_timedwait(3), pthread_cond_broadcast(3). static-too */
#include "guest.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int waiting, go, woken;

static struct timespec in_ms(clockid_t id, int ms)
{
	struct timespec t;
	MUST(clock_gettime(id, &t));
	int64_t ns = t.tv_sec * 1000000000LL + t.tv_nsec + ms * 1000000LL;
	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static void *waiter(void *arg)
{
	pthread_mutex_lock(&lock);
	waiting++;
	while (!go)
		pthread_cond_wait(&cond, &lock);
	woken++;
	pthread_mutex_unlock(&lock);
	return arg;
}

int main(void)
{
	struct timespec t = in_ms(CLOCK_MONOTONIC, 20);
	pthread_cond_t mono;
	pthread_condattr_t a;
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&mono, &a);
	pthread_mutex_lock(&lock);
	int64_t start = guest_now_ns(), r;
	while ((r = pthread_cond_timedwait(&mono, &lock, &t)) == 0)
		;
	CHECK_RC("monotonic time-out", (int)r, ETIMEDOUT);
	CHECK("it waited", guest_now_ns() - start >= 15000000);
	CHECK_RC("the mutex is held again", pthread_mutex_trylock(&lock), EBUSY);
	t = in_ms(CLOCK_REALTIME, 10);
	while ((r = pthread_cond_timedwait(&cond, &lock, &t)) == 0)
		;
	CHECK_RC("realtime time-out", (int)r, ETIMEDOUT);
	t.tv_nsec = -1;
	CHECK_RC("bad time", pthread_cond_timedwait(&cond, &lock, &t), EINVAL);
	pthread_mutex_unlock(&lock);

	pthread_t id[5];
	for (int i = 0; i < 5; i++)
		id[i] = guest_thread(waiter, NULL);
	for (int n = 0; n < 5; sched_yield()) {
		pthread_mutex_lock(&lock);
		n = waiting;
		pthread_mutex_unlock(&lock);
	}
	pthread_mutex_lock(&lock);
	go = 1;
	CHECK_RC("broadcast", pthread_cond_broadcast(&cond), 0);
	CHECK_EQ("nobody passes while the mutex is held", woken, 0);
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < 5; i++)
		guest_join(id[i]);
	CHECK_EQ("woken", woken, 5);
	return guest_done();
}
