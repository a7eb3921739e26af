/* A child that ended stays a zombie, visible to kill, until it is waited for.
   See waitpid(2), kill(2). static-too */
#include "guest.h"

int main(void)
{
	siginfo_t si;
	pid_t pid = guest_fork();
	if (pid == 0)
		_exit(1);
	MUST(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT));
	CHECK_OK("signal 0 to the zombie", kill(pid, 0));
	CHECK_OK("SIGKILL to the zombie", kill(pid, SIGKILL));
	CHECK("its process group is known", getpgid(pid) == getpgrp());
	CHECK_EXIT("its code is unchanged", guest_wait(pid), 1);
	CHECK_ERR("signal 0 after reaping", kill(pid, 0), ESRCH);
	CHECK_ERR("process group after reaping", getpgid(pid), ESRCH);

	/* many children at once, then all reaped */
	int codes = 0;
	for (int i = 0; i < 30; i++)
		if (guest_fork() == 0)
			_exit(i);
	for (int i = 0, status; i < 30; i++) {
		MUST(wait(&status));
		codes += WEXITSTATUS(status);
	}
	CHECK_EQ("sum of thirty codes", codes, 435);
	CHECK_ERR("none left", wait(NULL), ECHILD);
	return guest_done();
}
