/* FUTEX_WAIT time-outs: relative for WAIT, absolute for WAIT_BITSET, on either
   clock. See futex(2). static-too */
#include "guest.h"

static void on_alarm(int sig) { (void)sig; }

static struct timespec in_ms(clockid_t id, int ms)
{
	struct timespec t;
	MUST(clock_gettime(id, &t));
	int64_t ns = t.tv_sec * 1000000000LL + t.tv_nsec + ms * 1000000LL;
	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

int main(void)
{
	uint32_t f = 5;
	const uint32_t any = FUTEX_BITSET_MATCH_ANY;
	struct timespec t = {0, 20000000};
	int64_t start = guest_now_ns();
	CHECK_ERR("relative", guest_futex(&f, FUTEX_WAIT_PRIVATE, 5, &t, NULL, 0), ETIMEDOUT);
	CHECK("20 ms passed", guest_now_ns() - start >= 20000000);
	t.tv_nsec = 0;
	CHECK_ERR("relative, 0", guest_futex(&f, FUTEX_WAIT_PRIVATE, 5, &t, NULL, 0), ETIMEDOUT);
	CHECK_ERR("shared, 0", guest_futex(&f, FUTEX_WAIT, 5, &t, NULL, 0), ETIMEDOUT);
	start = guest_now_ns();
	t = in_ms(CLOCK_MONOTONIC, 20);
	CHECK_ERR("absolute", guest_futex(&f, FUTEX_WAIT_BITSET_PRIVATE, 5, &t, NULL, any), ETIMEDOUT);
	CHECK("20 ms passed", guest_now_ns() - start >= 20000000);
	CHECK_ERR("absolute, past", guest_futex(&f, FUTEX_WAIT_BITSET_PRIVATE, 5, &t, NULL, any), ETIMEDOUT);
	t = in_ms(CLOCK_REALTIME, 10);
	CHECK_ERR("absolute, realtime",
		  guest_futex(&f, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 5, &t, NULL, any), ETIMEDOUT);
	guest_on(SIGALRM, on_alarm, 0);
	guest_tick(10);
	t = (struct timespec){100, 0};
	CHECK_ERR("interrupted by a handler", guest_futex(&f, FUTEX_WAIT_PRIVATE, 5, &t, NULL, 0), EINTR);
	guest_tick(0);
	return guest_done();
}
