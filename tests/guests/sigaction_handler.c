/* Installing handlers: old action, mask during the handler, flags, errors. See
   sigaction(2). static-too */
#include "guest.h"

static volatile sig_atomic_t seen, masked, other_masked;

static void handler(int sig)
{
	sigset_t now;
	seen = sig;
	sigprocmask(SIG_BLOCK, NULL, &now);
	masked = sigismember(&now, sig);
	other_masked = sigismember(&now, SIGUSR2);
}

int main(void)
{
	struct sigaction sa, old;
	sigset_t now;
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = handler;
	sigaddset(&sa.sa_mask, SIGUSR2);
	CHECK_OK("sigaction", sigaction(SIGUSR1, &sa, &old));
	CHECK("default before", old.sa_handler == SIG_DFL);
	MUST(sigaction(SIGUSR1, NULL, &old));
	CHECK("handler now", old.sa_handler == handler && sigismember(&old.sa_mask, SIGUSR2));
	CHECK_OK("raise", raise(SIGUSR1));
	CHECK("handler ran before raise returned", seen == SIGUSR1);
	CHECK("own signal blocked meanwhile", masked);
	CHECK("sa_mask blocked meanwhile", other_masked);
	MUST(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK("unblocked afterwards", !sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
	seen = 0;
	CHECK("signal() returns the old one", signal(SIGUSR1, SIG_IGN) == handler);
	CHECK_OK("raise ignored", raise(SIGUSR1));
	CHECK_EQ("no handler", seen, 0);
	CHECK_ERR("SIGKILL", sigaction(SIGKILL, &sa, NULL), EINVAL);
	CHECK_ERR("SIGSTOP", sigaction(SIGSTOP, &sa, NULL), EINVAL);
	CHECK_OK("asking about SIGKILL", sigaction(SIGKILL, NULL, &old));
	CHECK_ERR("signal 0", sigaction(0, &sa, NULL), EINVAL);
	CHECK_ERR("signal 65", sigaction(65, &sa, NULL), EINVAL);
	CHECK_OK("signal 64", sigaction(64, &sa, NULL));
	CHECK_ERR("wrong set size", syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
	return guest_done();
}
