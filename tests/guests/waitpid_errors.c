/* waitpid without children, without waiting, with bad options, and with
   SIGCHLD ignored. See waitpid(2). static-too */
#include "guest.h"

int main(void)
{
	int status, p[2];
	char c;
	CHECK_ERR("no children", waitpid(-1, &status, 0), ECHILD);
	CHECK_ERR("no children, wait", wait(NULL), ECHILD);
	CHECK_ERR("no children, WNOHANG", waitpid(-1, &status, WNOHANG), ECHILD);
	CHECK_ERR("the parent is no child", waitpid(getppid(), &status, 0), ECHILD);
	CHECK_ERR("oneself is no child", waitpid(getpid(), &status, 0), ECHILD);
	CHECK_ERR("unknown options", waitpid(-1, &status, 0x100), EINVAL);
	MUST(pipe(p));
	pid_t pid = guest_fork();
	if (pid == 0) {
		close(p[1]);
		_exit(read(p[0], &c, 1) == 0 ? 6 : 7);
	}
	CHECK_EQ("running child, WNOHANG", waitpid(pid, &status, WNOHANG), 0);
	CHECK_EQ("any running child, WNOHANG", waitpid(-1, &status, WNOHANG), 0);
	CHECK_ERR("another process group", waitpid(-pid, &status, WNOHANG), ECHILD);
	MUST(close(p[1]));
	CHECK_EXIT("child", guest_wait(pid), 6);
	CHECK_ERR("already reaped", waitpid(pid, &status, 0), ECHILD);

	MUST(signal(SIGCHLD, SIG_IGN) == SIG_ERR ? -1 : 0);
	for (int i = 0; i < 3; i++)
		if (guest_fork() == 0)
			_exit(1);
	CHECK_ERR("SIGCHLD ignored: waits for all, reports none", waitpid(-1, &status, 0), ECHILD);
	return guest_done();
}
