/* Ignored signals: not delivered, not pending, inherited by children; a
   blocked and ignored one is dropped. See signal(7). static-too */
#include "guest.h"

static volatile sig_atomic_t seen;

static void handler(int sig) { (void)sig, seen++; }

static void child(void)
{
	struct sigaction sa;
	MUST(sigaction(SIGTERM, NULL, &sa));
	CHECK("child: still ignored", sa.sa_handler == SIG_IGN);
	MUST(sigaction(SIGUSR1, NULL, &sa));
	CHECK("child: handler inherited", sa.sa_handler == handler);
	raise(SIGTERM);
	raise(SIGUSR1);
	CHECK_EQ("child: handled", seen, 1);
}

int main(void)
{
	sigset_t pending;
	signal(SIGTERM, SIG_IGN);
	guest_on(SIGUSR1, handler, 0);
	CHECK_EXIT("child", guest_child(child), 0);
	CHECK_OK("kill", kill(getpid(), SIGTERM));
	guest_block(SIGTERM, SIGUSR1);
	MUST(kill(getpid(), SIGTERM));
	MUST(kill(getpid(), SIGUSR1));
	guest_on(SIGTERM, handler, 0);
	guest_on(SIGUSR1, SIG_IGN, 0);
	MUST(sigpending(&pending));
	CHECK("ignored one is not pending after it gets ignored", !sigismember(&pending, SIGUSR1));
	CHECK_EQ("handler calls in the parent", seen, 0);
	return guest_done();
}
