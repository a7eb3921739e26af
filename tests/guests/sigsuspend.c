/* sigsuspend sets the mask and waits in one step, then restores it. See
   sigsuspend(2). static-too */
#include "guest.h"

static volatile sig_atomic_t seen;

static void handler(int sig) { seen = seen * 10 + (sig == SIGUSR1 ? 1 : 2); }

int main(void)
{
	sigset_t none, now, only1 = guest_set(SIGUSR2, 0);
	guest_on(SIGUSR1, handler, 0);
	guest_on(SIGUSR2, handler, 0);
	guest_block(SIGUSR1, SIGUSR2);
	sigemptyset(&none);
	raise(SIGUSR2);
	raise(SIGUSR1);
	CHECK_ERR("a mask that leaves one", sigsuspend(&only1), EINTR);
	CHECK_EQ("that one came", seen, 1);
	MUST(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK("the mask is back", sigismember(&now, SIGUSR1) && sigismember(&now, SIGUSR2));
	CHECK_ERR("empty mask", sigsuspend(&none), EINTR);
	CHECK_EQ("the other came", seen, 12);
	pid_t pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(10);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	CHECK_ERR("waiting for a child's signal", sigsuspend(&none), EINTR);
	CHECK_EQ("it came", seen, 121);
	CHECK_EXIT("child", guest_wait(pid), 0);
	return guest_done();
}
