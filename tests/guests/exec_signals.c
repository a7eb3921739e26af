/* Over exec: handlers go back to the default, ignored signals stay ignored,
   the mask and pending signals are kept. See execve(2), signal(7). static-too */
#include "guest.h"

static void handler(int sig) { (void)sig; }

static int after(void)
{
	struct sigaction sa;
	sigset_t mask, pending;
	MUST(sigaction(SIGUSR1, NULL, &sa));
	CHECK("handler is reset", sa.sa_handler == SIG_DFL);
	MUST(sigaction(SIGUSR2, NULL, &sa));
	CHECK("ignored stays ignored", sa.sa_handler == SIG_IGN);
	MUST(sigprocmask(SIG_BLOCK, NULL, &mask));
	CHECK("mask kept", sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGUSR1));
	MUST(sigpending(&pending));
	CHECK("pending kept", sigismember(&pending, SIGTERM) && !sigismember(&pending, SIGUSR1));
	stack_t ss;
	MUST(sigaltstack(NULL, &ss));
	CHECK("alternate stack is gone", ss.ss_flags == SS_DISABLE);
	return guest_done();
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return after();
	char *args[] = {"guest", "after", NULL};
	pid_t pid = guest_fork();
	if (pid == 0) {
		stack_t ss = {.ss_sp = malloc(65536), .ss_size = 65536};
		MUST(sigaltstack(&ss, NULL));
		guest_on(SIGUSR1, handler, 0);
		signal(SIGUSR2, SIG_IGN);
		guest_block(SIGTERM, 0);
		raise(SIGTERM);
		execv("/proc/self/exe", args);
		_exit(127);
	}
	CHECK_EXIT("new program", guest_wait(pid), 0);
	return guest_done();
}
