/* FUTEX_CMP_REQUEUE moves waiters to another futex, where they are woken.
   See futex(2). static-too */
#include "guest.h"

static uint32_t from, to;

static void *waiter(void *arg)
{
	(void)arg;
	return (void *)guest_futex(&from, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static long requeue(uint32_t wake, long move, uint32_t value)
{
	return guest_futex(&from, FUTEX_CMP_REQUEUE_PRIVATE, wake, (void *)move, &to, value);
}

static long wake(uint32_t *at, uint32_t n)
{
	return guest_futex(at, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
}

int main(void)
{
	pthread_t t[4];
	long moved = 0, good = 0;
	CHECK_EQ("nobody to move", requeue(1, 1, 0), 0);
	CHECK_ERR("value differs", requeue(1, 1, 7), EAGAIN);
	CHECK_ERR("negative count", requeue(1, -1, 0), EINVAL);
	for (int i = 0; i < 4; i++)
		t[i] = guest_thread(waiter, NULL);
	while (moved < 4) {
		moved += MUST(requeue(0, INT_MAX, 0));
		guest_sleep_ms(1);
	}
	CHECK_EQ("moved, none woken", moved, 4);
	CHECK_EQ("nobody left at the first", wake(&from, INT_MAX), 0);
	CHECK_EQ("wake one at the second", wake(&to, 1), 1);
	/* move two back, waking one of them first */
	CHECK_EQ("wake one, move one",
		 guest_futex(&to, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1, &from, 0), 2);
	CHECK_EQ("one came back", wake(&from, INT_MAX), 1);
	CHECK_EQ("one stayed", wake(&to, INT_MAX), 1);
	for (int i = 0; i < 4; i++)
		good += guest_join(t[i]) == NULL;
	CHECK_EQ("waits that returned 0", good, 4);
	return guest_done();
}
