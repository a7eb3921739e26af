/* A child ended by a signal: WIFSIGNALED and WTERMSIG. See waitpid(2), signal(7). static-too */
#include "guest.h"

static int end_by(int sig)
{
	pid_t pid = guest_fork();
	if (pid == 0) {
		guest_no_core();
		if (sig == SIGABRT)
			abort();
		kill(getpid(), sig);
		_exit(0);
	}
	return guest_wait(pid);
}

int main(void)
{
	CHECK_KILLED("SIGKILL", end_by(SIGKILL), SIGKILL);
	CHECK_KILLED("SIGTERM", end_by(SIGTERM), SIGTERM);
	CHECK_KILLED("SIGUSR1", end_by(SIGUSR1), SIGUSR1);
	CHECK_KILLED("SIGSEGV", end_by(SIGSEGV), SIGSEGV);
	CHECK_KILLED("abort", end_by(SIGABRT), SIGABRT);
	int status = end_by(SIGTERM);
	CHECK("not exited, not stopped", !WIFEXITED(status) && !WIFSTOPPED(status));
	CHECK_EQ("raw status", status, SIGTERM);

	pid_t pid = guest_fork();
	if (pid == 0)
		for (;;)
			pause();
	CHECK_EQ("still running", waitpid(pid, &status, WNOHANG), 0);
	CHECK_OK("kill from the parent", kill(pid, SIGKILL));
	CHECK_KILLED("paused child", guest_wait(pid), SIGKILL);

	pid = guest_fork();
	if (pid == 0) {
		guest_no_core();
		*(volatile int *)guest_bad = 1;
		_exit(0);
	}
	CHECK_KILLED("a real fault", guest_wait(pid), SIGSEGV);
	return guest_done();
}
