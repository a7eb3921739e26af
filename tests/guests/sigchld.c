/* SIGCHLD on exit, stop and continue; SA_NOCLDSTOP and SA_NOCLDWAIT. See
   sigaction(2), waitpid(2). static-too */
#include "guest.h"

static siginfo_t wait_for(pid_t pid)
{
	sigset_t set = guest_set(SIGCHLD, 0);
	siginfo_t si;
	do
		MUST(sigwaitinfo(&set, &si));
	while (si.si_pid != pid);
	return si;
}

static void nothing(int sig) { (void)sig; }

static pid_t start(void)
{
	pid_t pid = guest_fork();
	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

int main(void)
{
	sigset_t set = guest_set(SIGCHLD, 0);
	struct timespec zero = {0, 0};
	guest_on(SIGCHLD, nothing, 0);
	guest_block(SIGCHLD, 0);
	pid_t pid = start();
	MUST(kill(pid, SIGSTOP));
	siginfo_t si = wait_for(pid);
	CHECK("stop", si.si_code == CLD_STOPPED && si.si_status == SIGSTOP);
	MUST(kill(pid, SIGCONT));
	si = wait_for(pid);
	CHECK("continue", si.si_code == CLD_CONTINUED && si.si_status == SIGCONT);
	MUST(kill(pid, SIGKILL));
	si = wait_for(pid);
	CHECK("kill", si.si_code == CLD_KILLED && si.si_status == SIGKILL);
	CHECK_KILLED("child", guest_wait(pid), SIGKILL);
	if ((pid = guest_fork()) == 0)
		_exit(77);
	si = wait_for(pid);
	CHECK("exit", si.si_code == CLD_EXITED && si.si_status == 77 && si.si_uid == getuid());
	CHECK_EXIT("child", guest_wait(pid), 77);

	guest_on(SIGCHLD, nothing, SA_NOCLDSTOP);
	pid = start();
	int status;
	MUST(kill(pid, SIGSTOP));
	MUST(waitpid(pid, &status, WUNTRACED));
	CHECK_ERR("SA_NOCLDSTOP: no signal", sigtimedwait(&set, NULL, &zero), EAGAIN);
	MUST(kill(pid, SIGKILL));
	si = wait_for(pid);
	CHECK("but for its end", si.si_code == CLD_KILLED);
	guest_wait(pid);

	guest_on(SIGCHLD, nothing, SA_NOCLDWAIT);
	pid = start();
	MUST(kill(pid, SIGKILL));
	CHECK_ERR("SA_NOCLDWAIT: nothing to wait for", waitpid(pid, &status, 0), ECHILD);
	CHECK("Linux still sends the signal", sigtimedwait(&set, NULL, &zero) == SIGCHLD);
	return guest_done();
}
