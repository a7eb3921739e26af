/* Signals read from a descriptor. See signalfd(2). static-too */
#include "guest.h"
#include <sys/signalfd.h>

int main(void)
{
	struct signalfd_siginfo si[4];
	sigset_t set = guest_set(SIGUSR1, SIGUSR2);
	guest_block(SIGUSR1, SIGUSR2);
	int fd = (int)CHECK_OK("signalfd", signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
	CHECK_EQ("close-on-exec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_ERR("nothing", read(fd, si, sizeof si), EAGAIN);
	CHECK_EQ("not readable", guest_poll(fd, POLLIN, 0), 0);
	MUST(kill(getpid(), SIGUSR2));
	MUST(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 31}));
	CHECK_EQ("readable", guest_poll(fd, POLLIN, 0), POLLIN);
	CHECK_ERR("short buffer", read(fd, si, sizeof si[0] - 1), EINVAL);
	CHECK_EQ("both at once", read(fd, si, sizeof si), 2 * sizeof si[0]);
	CHECK("first", si[0].ssi_signo == SIGUSR1 && si[0].ssi_code == SI_QUEUE);
	CHECK_EQ("value", si[0].ssi_int, 31);
	CHECK("second", si[1].ssi_signo == SIGUSR2 && si[1].ssi_code == SI_USER);
	CHECK("sender", si[1].ssi_pid == (uint32_t)getpid() && si[1].ssi_uid == getuid());
	set = guest_set(SIGUSR1, 0);
	CHECK("changing the set", signalfd(fd, &set, 0) == fd);
	MUST(kill(getpid(), SIGUSR2));
	CHECK_EQ("the other is not for it", guest_poll(fd, POLLIN, 0), 0);
	MUST(fcntl(fd, F_SETFL, 0));
	pid_t pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(10);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	CHECK_EQ("read waits", read(fd, si, sizeof si), sizeof si[0]);
	CHECK("from the child", si[0].ssi_signo == SIGUSR1 && si[0].ssi_pid == (uint32_t)pid);
	CHECK_EXIT("child", guest_wait(pid), 0);
	CHECK_ERR("unknown flags", signalfd(-1, &set, 1), EINVAL);
	CHECK_ERR("another kind of descriptor", signalfd(eventfd(0, 0), &set, 0), EINVAL);
	CHECK_ERR("bad descriptor", signalfd(1000, &set, 0), EBADF);
	return guest_done();
}
