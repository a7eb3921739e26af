/* Thread-local variables: every thread has its own, starting from the
   initialiser; errno is one of them. See pthreads(7). static-too */
#include "guest.h"

static __thread int initialised = 7;
static __thread char zeroed[100];
static pthread_barrier_t b;

static void *work(void *arg)
{
	int me = (int)(intptr_t)arg, fresh = initialised == 7;
	for (int i = 0; i < 100; i++)
		fresh = fresh && zeroed[i] == 0;
	initialised = 100 + me;
	memset(zeroed, me, sizeof zeroed);
	errno = 1000 + me;
	pthread_barrier_wait(&b); /* all have stored */
	int own = initialised == 100 + me && zeroed[99] == me && errno == 1000 + me;
	pthread_barrier_wait(&b);
	return (void *)(intptr_t)(fresh && own);
}

int main(void)
{
	pthread_t t[3];
	int good = 0;
	pthread_barrier_init(&b, NULL, 4);
	initialised = 8;
	errno = 5;
	for (int i = 0; i < 3; i++)
		t[i] = guest_thread(work, (void *)(intptr_t)(i + 1));
	errno = 5;
	pthread_barrier_wait(&b);
	int kept = errno == 5;
	CHECK_EQ("main's variable", initialised, 8);
	CHECK("main's array", zeroed[0] == 0 && zeroed[99] == 0);
	CHECK("main's errno", kept);
	pthread_barrier_wait(&b);
	for (int i = 0; i < 3; i++)
		good += (int)(intptr_t)guest_join(t[i]);
	CHECK_EQ("threads with their own", good, 3);
	return guest_done();
}
