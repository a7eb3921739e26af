/* Process groups and sessions. See setpgid(2), setsid(2), kill(2). static-too */
#include "guest.h"

static void session(void)
{
	CHECK("new session", setsid() == getpid());
	CHECK("its leader", getsid(0) == getpid() && getpgrp() == getpid());
	CHECK_ERR("a leader cannot start another", setsid(), EPERM);
	CHECK_ERR("a session leader keeps its group", setpgid(0, 0), EPERM);
	pid_t pid = guest_fork();
	if (pid == 0)
		_exit(getsid(0) == getppid() && getpgrp() == getppid() ? 0 : 1);
	CHECK_EXIT("a child is in the session", guest_wait(pid), 0);
}

int main(void)
{
	pid_t pid[2];
	CHECK("getpgid(0)", getpgid(0) == getpgrp());
	CHECK("getsid(0)", getsid(0) == getsid(getpid()));
	CHECK_EXIT("session", guest_child(session), 0);
	for (int i = 0; i < 2; i++) {
		pid[i] = guest_fork();
		if (pid[i] == 0)
			for (;;)
				pause();
		CHECK_OK("setpgid", setpgid(pid[i], pid[0]));
	}
	CHECK("both are in the group", getpgid(pid[0]) == pid[0] && getpgid(pid[1]) == pid[0]);
	CHECK_EQ("waiting for the own group only", waitpid(-pid[0], NULL, WNOHANG), 0);
	CHECK_ERR("no child in the own group", waitpid(0, NULL, WNOHANG), ECHILD);
	CHECK_OK("kill the group", kill(-pid[0], SIGTERM));
	CHECK_KILLED("first", guest_wait(pid[0]), SIGTERM);
	CHECK_KILLED("second", guest_wait(pid[1]), SIGTERM);
	CHECK_ERR("kill an empty group", kill(-pid[0], SIGTERM), ESRCH);
	CHECK_ERR("negative group", setpgid(0, -1), EINVAL);
	CHECK_ERR("not a child", setpgid(pid[0], 0), ESRCH);
	CHECK_ERR("getpgid of nobody", getpgid(pid[0]), ESRCH);
	CHECK_ERR("getsid of nobody", getsid(pid[0]), ESRCH);
	return guest_done();
}
