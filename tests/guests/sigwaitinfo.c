/* sigwaitinfo, sigtimedwait and sigwait take pending signals without a
   handler. See sigwaitinfo(2), sigwait(3). static-too */
#include "guest.h"

static void handler(int sig) { (void)sig; }

int main(void)
{
	sigset_t set = guest_set(SIGUSR1, SIGUSR2), now;
	siginfo_t si;
	struct timespec zero = {0, 0}, t = {0, 20000000};
	int sig;
	guest_block(SIGUSR1, SIGUSR2);
	CHECK_ERR("nothing pending, time 0", sigtimedwait(&set, &si, &zero), EAGAIN);
	int64_t start = guest_now_ns();
	CHECK_ERR("nothing pending, 20 ms", sigtimedwait(&set, &si, &t), EAGAIN);
	CHECK("20 ms passed", guest_now_ns() - start >= 20000000);
	MUST(kill(getpid(), SIGUSR2));
	MUST(kill(getpid(), SIGUSR1));
	CHECK("lowest first", sigwaitinfo(&set, &si) == SIGUSR1);
	CHECK("si_signo, si_code, sender", si.si_signo == SIGUSR1 && si.si_code == SI_USER && si.si_pid == getpid());
	CHECK("then the other", sigtimedwait(&set, NULL, &zero) == SIGUSR2);
	MUST(sigpending(&now));
	CHECK("none pending", !sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
	MUST(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 5}));
	CHECK("sigqueue", sigwaitinfo(&set, &si) == SIGUSR1);
	CHECK_EQ("value", si.si_value.sival_int, 5);
	pid_t pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(10);
		kill(getppid(), SIGUSR2);
		_exit(0);
	}
	CHECK_RC("sigwait", sigwait(&set, &sig), 0);
	CHECK("from the child", sig == SIGUSR2);
	CHECK_EXIT("child", guest_wait(pid), 0);
	guest_on(SIGALRM, handler, SA_RESTART);
	guest_tick(5);
	CHECK_ERR("another signal's handler interrupts", sigwaitinfo(&set, NULL), EINTR);
	guest_tick(0);
	zero.tv_nsec = -1;
	CHECK_ERR("bad time", sigtimedwait(&set, &si, &zero), EINVAL);
	return guest_done();
}
