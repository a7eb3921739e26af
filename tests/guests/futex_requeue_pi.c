/* FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: waiters of a word become waiters of a lock, which they return with.
   See futex(2). static-too */
#include "guest.h"

static uint32_t word, lock, other;
static int ended;

static uint32_t self(void)
{
	return (uint32_t)syscall(SYS_gettid);
}

static long wait_for(const struct timespec *until, uint32_t value)
{
	return guest_futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, value, until, &lock, 0);
}

static long requeue(uint32_t wake, long move, uint32_t value)
{
	return guest_futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, wake, (void *)move, &lock, value);
}

static long unlock(void)
{
	return guest_futex(&lock, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
}

/* Returns with the lock, looks whether it is its own, and gives it away. */
static void *waiter(void *arg)
{
	(void)arg;
	long result = wait_for(NULL, 0);
	if (result != 0)
		return (void *)result;
	long owner = (__atomic_load_n(&lock, __ATOMIC_SEQ_CST) & FUTEX_TID_MASK) == self();
	__atomic_fetch_add(&ended, 1, __ATOMIC_SEQ_CST);
	uint32_t mine = self();
	if (!__atomic_compare_exchange_n(&lock, &mine, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		owner += unlock() == 0 ? 0 : 100;
	return (void *)owner;
}

static pthread_t t[4];

static void start(int n)
{
	for (int i = 0; i < n; i++)
		t[i] = guest_thread(waiter, NULL);
	guest_sleep_ms(20);
}

static long join(int n)
{
	long good = 0;
	for (int i = 0; i < n; i++)
		good += guest_join(t[i]) == (void *)1;
	return good;
}

int main(void)
{
	struct timespec past = {0, 1}, soon;
	CHECK_EQ("nobody to move", requeue(1, 1, 0), 0);
	CHECK_ERR("value differs", requeue(1, 1, 7), EAGAIN);
	CHECK_ERR("wakes two", requeue(2, 1, 0), EINVAL);
	CHECK_ERR("wakes none", requeue(0, 1, 0), EINVAL);
	CHECK_ERR("negative count", requeue(1, -1, 0), EINVAL);
	CHECK_ERR("onto itself", guest_futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)1, &word, 0), EINVAL);
	CHECK_ERR("waits for itself", guest_futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &word, 0), EINVAL);
	CHECK_ERR("waits for another value", wait_for(NULL, 7), EAGAIN);
	CHECK_ERR("waits until a time that is past", wait_for(&past, 0), ETIMEDOUT);

	/* The lock is free: the first has it at once, the others get it from one another. */
	start(3);
	CHECK_ERR("a plain wake", guest_futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), EINVAL);
	CHECK_ERR("a plain requeue", guest_futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1, &other, 0), EINVAL);
	CHECK_ERR("another lock", guest_futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)1, &other, 0), EINVAL);
	CHECK_EQ("free lock, three", requeue(1, INT_MAX, 0), 3);
	CHECK_EQ("each had it", join(3), 3);
	CHECK_EQ("free again", lock & FUTEX_TID_MASK, 0);
	lock = 0;

	/* The lock is ours: all wait for it. */
	start(4);
	CHECK_OK("lock", guest_futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	CHECK_EQ("held lock, two of four", requeue(1, 1, 0), 2);
	guest_sleep_ms(20);
	CHECK_EQ("nobody goes on", ended, 3);
	CHECK("others wait", (lock & FUTEX_WAITERS) != 0 && (lock & FUTEX_TID_MASK) == self());
	CHECK_ERR("a plain wake of the lock", guest_futex(&lock, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), EINVAL);
	CHECK_OK("unlock", unlock());
	guest_sleep_ms(20);
	CHECK_EQ("two went on", ended, 5);
	CHECK_EQ("free lock, only one", requeue(1, 0, 0), 1);
	guest_sleep_ms(20);
	CHECK_EQ("the last", requeue(1, INT_MAX, 0), 1);
	CHECK_EQ("each had it", join(4), 4);
	lock = 0;

	/* Time passes while it waits for the lock. */
	CHECK_OK("lock", guest_futex(&lock, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
	pthread_t helper = guest_thread(waiter, NULL);
	guest_sleep_ms(20);
	word = 1;
	CHECK_ERR("another value now", requeue(1, 1, 0), EAGAIN);
	CHECK_EQ("moved", requeue(1, 1, 1), 1);
	CHECK_OK("unlock", unlock());
	CHECK("it had the lock", guest_join(helper) == (void *)1);
	lock = 0;
	MUST(clock_gettime(CLOCK_MONOTONIC, &soon));
	soon.tv_nsec += 5000000;
	if (soon.tv_nsec >= 1000000000)
		soon.tv_sec++, soon.tv_nsec -= 1000000000;
	CHECK_ERR("nobody moves it", wait_for(&soon, 1), ETIMEDOUT);
	return guest_done();
}
