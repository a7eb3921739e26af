/* Stopping and continuing a child is reported with WUNTRACED and WCONTINUED.
   See waitpid(2), signal(7). static-too */
#include "guest.h"

int main(void)
{
	int status;
	siginfo_t si;
	pid_t pid = guest_fork();
	if (pid == 0) {
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	CHECK("WUNTRACED", waitpid(pid, &status, WUNTRACED) == pid);
	CHECK("stopped by SIGSTOP", WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	CHECK_EQ("reported once", waitpid(pid, &status, WUNTRACED | WNOHANG), 0);
	MUST(kill(pid, SIGCONT));
	CHECK("WCONTINUED", waitpid(pid, &status, WCONTINUED) == pid);
	CHECK("continued", WIFCONTINUED(status));
	CHECK_EQ("reported once", waitpid(pid, &status, WCONTINUED | WNOHANG), 0);
	MUST(kill(pid, SIGSTOP));
	CHECK_OK("waitid WSTOPPED", waitid(P_PID, (id_t)pid, &si, WSTOPPED));
	CHECK("si_code CLD_STOPPED", si.si_code == CLD_STOPPED && si.si_status == SIGSTOP);
	CHECK_OK("SIGTERM while stopped", kill(pid, SIGTERM));
	guest_sleep_ms(5);
	CHECK_EQ("it waits for SIGCONT", waitpid(pid, &status, WNOHANG), 0);
	MUST(kill(pid, SIGCONT));
	CHECK_KILLED("then it ends", guest_wait(pid), SIGTERM);

	if ((pid = guest_fork()) == 0) {
		raise(SIGSTOP);
		_exit(0);
	}
	MUST(waitpid(pid, &status, WUNTRACED));
	MUST(kill(pid, SIGKILL));
	CHECK_KILLED("SIGKILL while stopped", guest_wait(pid), SIGKILL);
	return guest_done();
}
