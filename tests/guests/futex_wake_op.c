/* FUTEX_WAKE_OP changes the second word and wakes at it when the old value
   compares. See futex(2). static-too */
#include "guest.h"

static uint32_t a, b;

static void *waiter(void *arg)
{
	return (void *)guest_futex(arg, FUTEX_WAIT_PRIVATE, *(uint32_t *)arg, NULL, NULL, 0);
}

static long wake_op(uint32_t op)
{
	return guest_futex(&a, FUTEX_WAKE_OP_PRIVATE, INT_MAX, (void *)(long)INT_MAX, &b, op);
}

int main(void)
{
	b = 5;
	CHECK_EQ("set, no waiter", wake_op(FUTEX_OP(FUTEX_OP_SET, 9, FUTEX_OP_CMP_EQ, 5)), 0);
	CHECK_EQ("value", b, 9);
	CHECK_EQ("add", wake_op(FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 0)), 0);
	CHECK_EQ("value", b, 12);
	CHECK_EQ("or", wake_op(FUTEX_OP(FUTEX_OP_OR, 3, FUTEX_OP_CMP_EQ, 0)), 0);
	CHECK_EQ("value", b, 15);
	CHECK_EQ("and not", wake_op(FUTEX_OP(FUTEX_OP_ANDN, 6, FUTEX_OP_CMP_EQ, 0)), 0);
	CHECK_EQ("value", b, 9);
	CHECK_EQ("xor", wake_op(FUTEX_OP(FUTEX_OP_XOR, 1, FUTEX_OP_CMP_EQ, 0)), 0);
	CHECK_EQ("value", b, 8);

	pthread_t t = guest_thread(waiter, &a);
	long n;
	while ((n = MUST(wake_op(FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_EQ, 0)))) == 0)
		guest_sleep_ms(1);
	CHECK_EQ("wakes at the first word", n, 1);
	guest_join(t);
	t = guest_thread(waiter, &b);
	guest_sleep_ms(10);
	CHECK_EQ("comparison fails, none woken", wake_op(FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_LT, 8)), 0);
	while ((n = MUST(wake_op(FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_GE, 8)))) == 0)
		guest_sleep_ms(1);
	CHECK_EQ("wakes at the second word", n, 1);
	guest_join(t);
	CHECK_ERR("unknown comparison", wake_op(FUTEX_OP(FUTEX_OP_ADD, 0, 15, 8)), ENOSYS);
	return guest_done();
}
