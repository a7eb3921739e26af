/* A futex in shared memory works between processes; a private one there does
   not reach the other process. See futex(2). static-too */
#include "guest.h"

static uint32_t *f;

int main(void)
{
	f = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST((long)f);
	pid_t pid = guest_fork();
	if (pid == 0) {
		CHECK_OK("child: wait", guest_futex(f, FUTEX_WAIT, 0, NULL, NULL, 0));
		CHECK_EQ("child: second word", f[1], 7);
		guest_child_exit();
	}
	f[1] = 7;
	long n;
	CHECK_EQ("private wake", guest_futex(f, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
	while ((n = MUST(guest_futex(f, FUTEX_WAKE, 1, NULL, NULL, 0))) == 0)
		guest_sleep_ms(1);
	CHECK_EXIT("child", guest_wait(pid), 0);
	CHECK_EQ("shared wake", n, 1);

	pid = guest_fork();
	if (pid == 0) {
		f[0] = 1;
		while (guest_futex(f, FUTEX_WAKE, 1, NULL, NULL, 0) == 0 && f[2] == 0)
			guest_sleep_ms(1);
		guest_child_exit();
	}
	while (__atomic_load_n(f, __ATOMIC_SEQ_CST) == 0)
		guest_futex(f, FUTEX_WAIT, 0, NULL, NULL, 0);
	f[2] = 1;
	CHECK_EXIT("child that wakes its parent", guest_wait(pid), 0);
	return guest_done();
}
