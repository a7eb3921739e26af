/* Cancellation: a blocked thread ends at its cancellation point and runs its
   cleanup handlers; a disabled one goes on. See pthread_cancel(3). */
#include "guest.h"

static sem_t ready;
static int cleaned, p[2];

static void cleanup(void *arg) { cleaned = cleaned * 10 + (int)(intptr_t)arg; }

static void *blocked(void *arg)
{
	char c;
	pthread_cleanup_push(cleanup, (void *)1);
	pthread_cleanup_push(cleanup, (void *)2);
	sem_post(&ready);
	while (read(p[0], &c, 1) == -1)
		;
	pthread_cleanup_pop(0);
	pthread_cleanup_pop(0);
	return arg;
}

static void *unwilling(void *arg)
{
	int old;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	sem_post(&ready);
	guest_sleep_ms(20);
	return arg;
}

int main(void)
{
	sem_init(&ready, 0, 0);
	MUST(pipe(p));
	pthread_t t = guest_thread(blocked, NULL);
	sem_wait(&ready);
	CHECK_RC("cancel a blocked thread", pthread_cancel(t), 0);
	CHECK("it was cancelled", guest_join(t) == PTHREAD_CANCELED);
	CHECK_EQ("cleanup handlers ran, last first", cleaned, 21);
	t = guest_thread(unwilling, &ready);
	sem_wait(&ready);
	CHECK_RC("cancel an unwilling thread", pthread_cancel(t), 0);
	CHECK("it went on to its end", guest_join(t) == &ready);
	return guest_done();
}
