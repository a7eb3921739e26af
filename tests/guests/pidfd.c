/* Process descriptors: poll for the end, signal, wait. See pidfd_open(2),
   pidfd_send_signal(2), waitid(2). static-too */
#include "guest.h"

int main(void)
{
	siginfo_t si;
	pid_t pid = guest_fork();
	if (pid == 0)
		for (;;)
			pause();
	int fd = (int)CHECK_OK("pidfd_open", syscall(SYS_pidfd_open, pid, 0));
	CHECK("close-on-exec", fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK_EQ("not ready while it runs", guest_poll(fd, POLLIN, 0), 0);
	CHECK_OK("signal 0", syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	CHECK_OK("SIGTERM", syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0));
	CHECK_EQ("ready when it ended", guest_poll(fd, POLLIN, 5000) & POLLIN, POLLIN);
	CHECK_OK("waitid P_PIDFD", waitid((idtype_t)3, (id_t)fd, &si, WEXITED));
	CHECK("the child", si.si_pid == pid && si.si_code == CLD_KILLED && si.si_status == SIGTERM);
	CHECK_ERR("signal after reaping", syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH);
	CHECK_ERR("waitid after reaping", waitid((idtype_t)3, (id_t)fd, &si, WEXITED), ECHILD);
	CHECK_ERR("no such process", syscall(SYS_pidfd_open, pid, 0), ESRCH);
	CHECK_ERR("bad process id", syscall(SYS_pidfd_open, -1, 0), EINVAL);
	CHECK_ERR("unknown flags", syscall(SYS_pidfd_open, getpid(), 1), EINVAL);
	CHECK_ERR("another kind of descriptor",
		  syscall(SYS_pidfd_send_signal, eventfd(0, 0), 0, NULL, 0), EBADF);
	return guest_done();
}
