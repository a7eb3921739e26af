/* Threads: argument, result, join errors, detaching, shared memory. See
   pthread_create(3), pthread_join(3), pthread_detach(3). static-too */
#include "guest.h"

static int shared;
static sem_t done;
static void *detached_got;

static void *twice(void *arg)
{
	shared = 5;
	return (void *)(2 * (intptr_t)arg);
}

static void *join_self(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)pthread_join(pthread_self(), NULL);
}

static void *post(void *arg)
{
	detached_got = arg;
	sem_post(&done);
	return NULL;
}

int main(void)
{
	pthread_t t;
	pthread_attr_t attr;
	void *result;
	CHECK_RC("create", pthread_create(&t, NULL, twice, (void *)21), 0);
	CHECK("a different thread", !pthread_equal(t, pthread_self()));
	CHECK_RC("join", pthread_join(t, &result), 0);
	CHECK_EQ("result", (intptr_t)result, 42);
	CHECK_EQ("what it stored", shared, 5);
	t = guest_thread(join_self, NULL);
	CHECK_RC("joining oneself", (int)(intptr_t)guest_join(t), EDEADLK);

	sem_init(&done, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	CHECK_RC("create detached", pthread_create(&t, &attr, post, &shared), 0);
	sem_wait(&done);
	CHECK("the detached thread ran", detached_got == &shared);
	CHECK_RC("detach main", pthread_detach(pthread_self()), 0);
	CHECK_RC("detach main again", pthread_detach(pthread_self()), EINVAL);
	CHECK_RC("bad stack size", pthread_attr_setstacksize(&attr, 1), EINVAL);
	CHECK_RC("stack of 64 KiB", pthread_attr_setstacksize(&attr, 65536), 0);
	detached_got = NULL;
	CHECK_RC("create with it", pthread_create(&t, &attr, post, &shared), 0);
	sem_wait(&done);
	CHECK("the detached thread ran", detached_got == &shared);
	return guest_done();
}
