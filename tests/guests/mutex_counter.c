/* A mutex makes the increments of several threads add up, also with the holder
   yielding inside. See pthread_mutex_lock(3), futex(2). static-too */
#include "guest.h"

#define THREADS 4
#define ROUNDS 10000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counter, inside;

static void *work(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&lock);
		if (inside++)
			return NULL;
		long seen = counter;
		if (i % 500 == 0)
			sched_yield();
		counter = seen + 1;
		inside--;
		pthread_mutex_unlock(&lock);
	}
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];
	int good = 0;
	for (int i = 0; i < THREADS; i++)
		t[i] = guest_thread(work, &lock);
	for (int i = 0; i < THREADS; i++)
		good += guest_join(t[i]) == &lock;
	CHECK_EQ("threads never together inside", good, THREADS);
	CHECK_EQ("counter", counter, THREADS * ROUNDS);
	return guest_done();
}
