/* The kernel clears and wakes the registered word when a thread ends: that is
   how joining works. See set_tid_address(2), clone(2). static-too */
#include "guest.h"

static uint32_t word;

static void *work(void *arg)
{
	word = 1;
	long tid = syscall(SYS_set_tid_address, &word);
	*(long *)arg = tid == syscall(SYS_gettid);
	syscall(SYS_exit, 0); /* ends only this thread; the library is not told */
	return NULL;
}

int main(void)
{
	long good = 0;
	word = 2;
	guest_thread(work, &good);
	while (__atomic_load_n(&word, __ATOMIC_SEQ_CST)) {
		uint32_t v = __atomic_load_n(&word, __ATOMIC_SEQ_CST);
		if (v == 2)
			sched_yield();
		else if (v)
			guest_futex(&word, FUTEX_WAIT, v, NULL, NULL, 0);
	}
	CHECK("set_tid_address returns the thread id", good);
	CHECK_EQ("the word was cleared", word, 0);
	/* The thread's memory is still the library's: nothing to join. */
	fflush(stdout);
	_exit(guest_failures ? 1 : 0);
}
