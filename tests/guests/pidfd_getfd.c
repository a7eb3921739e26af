/* Descriptors of another process by pidfd_getfd, and kcmp, which says whether
   two are one. See pidfd_getfd(2), kcmp(2). static-too */
#include "guest.h"

static long same(pid_t a, pid_t b, int fd_a, int fd_b)
{
	return syscall(SYS_kcmp, a, b, 0 /* KCMP_FILE */, (long)fd_a, (long)fd_b);
}

int main(void)
{
	int ready[2], lent[2];
	char byte = 0;
	MUST(pipe(ready));
	pid_t pid = guest_fork();
	if (pid == 0) {
		MUST(pipe(lent));
		MUST(dup2(lent[0], 50));
		MUST(dup2(lent[1], 51));
		guest_write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	MUST(read(ready[0], &byte, 1));
	int of = (int)MUST(syscall(SYS_pidfd_open, pid, 0));
	int w = (int)CHECK_OK("pidfd_getfd", syscall(SYS_pidfd_getfd, of, 51, 0));
	int r = (int)MUST(syscall(SYS_pidfd_getfd, of, 50, 0));
	CHECK_EQ("close-on-exec", fcntl(w, F_GETFD), FD_CLOEXEC);
	guest_write(w, "through", 7);
	char text[8] = "";
	MUST(read(r, text, 7));
	CHECK_STR("its pipe", text, "through");
	CHECK_ERR("no such descriptor", syscall(SYS_pidfd_getfd, of, 99, 0), EBADF);
	CHECK_ERR("flags", syscall(SYS_pidfd_getfd, of, 50, 1), EINVAL);
	CHECK_ERR("of what is no process", syscall(SYS_pidfd_getfd, r, 50, 0), EBADF);

	CHECK_EQ("one description", same(getpid(), pid, w, 51), 0);
	CHECK_EQ("shared by fork", same(getpid(), pid, ready[0], ready[0]), 0);
	CHECK("two descriptions", same(getpid(), pid, w, 50) > 0);
	CHECK("an order", same(getpid(), getpid(), w, r) + same(getpid(), getpid(), r, w) == 3);
	CHECK_EQ("memory of one", syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0), 0);
	CHECK("memory of two", syscall(SYS_kcmp, getpid(), pid, 1, 0, 0) > 0);
	CHECK_ERR("no descriptor", same(getpid(), pid, w, 99), EBADF);
	CHECK_ERR("no process", same(getpid(), 999999, w, 99), ESRCH);
	CHECK_ERR("no such type", syscall(SYS_kcmp, getpid(), pid, 77, 0, 0), EINVAL);

	MUST(kill(pid, SIGKILL));
	MUST(poll(&(struct pollfd){of, POLLIN, 0}, 1, -1));
	CHECK_ERR("of one that has ended", syscall(SYS_pidfd_getfd, of, 50, 0), ESRCH);
	CHECK_KILLED("which was killed", guest_wait(pid), SIGKILL);
	return guest_done();
}
