/* FUTEX_WAKE_BITSET wakes only waiters whose mask overlaps. See futex(2). static-too */
#include "guest.h"

static uint32_t f, ended;

static void *waiter(void *arg)
{
	long r = guest_futex(&f, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, (uint32_t)(uintptr_t)arg);
	__atomic_add_fetch(&ended, (uint32_t)(uintptr_t)arg, __ATOMIC_SEQ_CST);
	return (void *)r;
}

static long wake(uint32_t mask)
{
	return guest_futex(&f, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, NULL, NULL, mask);
}

static void wake_one(uint32_t mask)
{
	while (MUST(wake(mask)) == 0)
		guest_sleep_ms(1);
}

int main(void)
{
	pthread_t one = guest_thread(waiter, (void *)1), two = guest_thread(waiter, (void *)2);
	CHECK_ERR("mask 0", wake(0), EINVAL);
	wake_one(2);
	CHECK("waiter 2 returned 0", guest_join(two) == NULL);
	CHECK_EQ("only waiter 2 ended", __atomic_load_n(&ended, __ATOMIC_SEQ_CST), 2);
	CHECK_EQ("no overlap with waiter 1", wake(4 | 2), 0);
	wake_one(4 | 1);
	CHECK("waiter 1 returned 0", guest_join(one) == NULL);
	pthread_t plain = guest_thread(waiter, guest_bad);
	while (MUST(guest_futex(&f, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0)) == 0)
		guest_sleep_ms(1);
	CHECK("a plain wake matches any mask", guest_join(plain) == NULL);
	CHECK_EQ("all ended", ended, 11);
	return guest_done();
}
