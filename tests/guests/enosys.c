/* Unknown system call numbers. See syscalls(2), syscall(2). static-too */
#include "guest.h"

int main(void)
{
	CHECK_ERR("999", syscall(999), ENOSYS);
	CHECK_ERR("999 with arguments", syscall(999, 1, 2, 3, 4, 5, 6), ENOSYS);
	CHECK_ERR("100000", syscall(100000), ENOSYS);
	CHECK_ERR("-1", syscall(-1), ENOSYS);
	CHECK("the next call works", syscall(SYS_getpid) == getpid());
	return guest_done();
}
