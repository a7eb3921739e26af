/* Default actions: which signals end a process and which are ignored. See
   signal(7). static-too */
#include "guest.h"

static int sig;

static void raised(void)
{
	guest_no_core();
	raise(sig);
}

int main(void)
{
	static const int end[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL,
		SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGSTKFLT, SIGXCPU, SIGXFSZ, SIGVTALRM,
		SIGPROF, SIGIO, SIGPWR, SIGSYS};
	static const int ignored[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH};
	for (size_t i = 0; i < sizeof end / sizeof *end; i++) {
		if (end[i] != SIGKILL)
			signal(end[i], SIG_DFL);
		sig = end[i];
		CHECK_KILLED("ends", guest_child(raised), sig);
	}
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
		sig = ignored[i];
		CHECK_EXIT(sigabbrev_np(sig), guest_child(raised), 0);
	}
	sig = SIGRTMIN + 2;
	int status = guest_child(raised);
	CHECK("a real-time signal ends it too", WIFSIGNALED(status) && WTERMSIG(status) == SIGRTMIN + 2);
	return guest_done();
}
