/* A barrier lets nobody pass before all arrived and names one serial thread
   per round. See pthread_barrier_wait(3p). static-too */
#include "guest.h"

#define THREADS 4
#define ROUNDS 20

static pthread_barrier_t barrier;
static int arrived[ROUNDS], serial[ROUNDS], early;

static void *work(void *arg)
{
	for (int i = 0; i < ROUNDS; i++) {
		__atomic_add_fetch(&arrived[i], 1, __ATOMIC_SEQ_CST);
		int r = pthread_barrier_wait(&barrier);
		if (__atomic_load_n(&arrived[i], __ATOMIC_SEQ_CST) != THREADS)
			__atomic_add_fetch(&early, 1, __ATOMIC_SEQ_CST);
		if (r == PTHREAD_BARRIER_SERIAL_THREAD)
			__atomic_add_fetch(&serial[i], 1, __ATOMIC_SEQ_CST);
	}
	return arg;
}

int main(void)
{
	pthread_t t[THREADS];
	CHECK_RC("count 0", pthread_barrier_init(&barrier, NULL, 0), EINVAL);
	CHECK_RC("count 4", pthread_barrier_init(&barrier, NULL, THREADS), 0);
	for (int i = 0; i < THREADS; i++)
		t[i] = guest_thread(work, NULL);
	for (int i = 0; i < THREADS; i++)
		guest_join(t[i]);
	int one = 0;
	for (int i = 0; i < ROUNDS; i++)
		one += serial[i] == 1;
	CHECK_EQ("threads that passed early", early, 0);
	CHECK_EQ("rounds with one serial thread", one, ROUNDS);
	CHECK_RC("destroy", pthread_barrier_destroy(&barrier), 0);
	return guest_done();
}
