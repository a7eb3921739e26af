/* FUTEX_WAKE returns how many it woke, never more than asked. See futex(2). static-too */
#include "guest.h"

static uint32_t f;

static void *waiter(void *arg)
{
	(void)arg;
	return (void *)guest_futex(&f, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void round_of(int threads, int at_a_time)
{
	pthread_t t[8];
	long total = 0, most = 0, good = 0;
	for (int i = 0; i < threads; i++)
		t[i] = guest_thread(waiter, NULL);
	while (total < threads) {
		long n = MUST(guest_futex(&f, FUTEX_WAKE_PRIVATE, (uint32_t)at_a_time, NULL, NULL, 0));
		total += n;
		most = n > most ? n : most;
		if (n == 0)
			guest_sleep_ms(1);
	}
	for (int i = 0; i < threads; i++)
		good += guest_join(t[i]) == NULL;
	CHECK_EQ("woken in all", total, threads);
	CHECK("never more than asked", most <= at_a_time);
	CHECK_EQ("waits that returned 0", good, threads);
}

int main(void)
{
	CHECK_EQ("no waiter", guest_futex(&f, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
	CHECK_EQ("no waiter, all", guest_futex(&f, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0), 0);
	round_of(1, 1);
	round_of(3, 1);
	round_of(5, 2);
	round_of(8, INT_MAX);
	return guest_done();
}
