/* waitid: what it fills in, WNOWAIT, WNOHANG and errors. See waitid(2). static-too */
#include "guest.h"

int main(void)
{
	siginfo_t si;
	int p[2];
	char c;
	MUST(pipe(p));
	pid_t pid = guest_fork();
	if (pid == 0) {
		close(p[1]);
		_exit(read(p[0], &c, 1) == 0 ? 42 : 1);
	}
	memset(&si, 0x55, sizeof si);
	CHECK_EQ("running, WNOHANG", waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG), 0);
	CHECK("si_pid and si_signo are 0", si.si_pid == 0 && si.si_signo == 0);
	MUST(close(p[1]));
	for (int i = 0; i < 2; i++) {
		CHECK_OK("WNOWAIT", waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT));
		CHECK("si_pid", si.si_pid == pid);
		CHECK("si_signo SIGCHLD", si.si_signo == SIGCHLD);
		CHECK("si_code CLD_EXITED", si.si_code == CLD_EXITED);
		CHECK_EQ("si_status", si.si_status, 42);
		CHECK("si_uid", si.si_uid == getuid());
	}
	CHECK_OK("reap", waitid(P_ALL, 0, &si, WEXITED));
	CHECK_EQ("si_status", si.si_status, 42);
	CHECK_ERR("already reaped", waitid(P_PID, (id_t)pid, &si, WEXITED), ECHILD);

	if ((pid = guest_fork()) == 0)
		for (;;)
			pause();
	MUST(kill(pid, SIGKILL));
	CHECK_OK("killed child", waitid(P_PID, (id_t)pid, &si, WEXITED));
	CHECK("si_code CLD_KILLED", si.si_code == CLD_KILLED);
	CHECK("si_status SIGKILL", si.si_status == SIGKILL);
	CHECK_ERR("no options", waitid(P_ALL, 0, &si, 0), EINVAL);
	CHECK_ERR("unknown options", waitid(P_ALL, 0, &si, WEXITED | 0x100), EINVAL);
	CHECK_ERR("unknown kind of id", waitid((idtype_t)77, 0, &si, WEXITED), EINVAL);
	CHECK_ERR("no children", waitid(P_ALL, 0, &si, WEXITED), ECHILD);
	return guest_done();
}
