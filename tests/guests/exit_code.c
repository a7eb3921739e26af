/* Exit codes: the low eight bits reach the parent, by exit, _exit, exit_group
   and the plain exit call of a single thread. See exit(3), _exit(2). static-too */
#include "guest.h"

static int end(int how, int code)
{
	pid_t pid = guest_fork();
	if (pid == 0) {
		if (how == 0)
			exit(code);
		if (how == 1)
			_exit(code);
		syscall(how == 2 ? SYS_exit_group : SYS_exit, code);
	}
	return guest_wait(pid);
}

int main(void)
{
	CHECK_EXIT("exit(0)", end(0, 0), 0);
	CHECK_EXIT("exit(7)", end(0, 7), 7);
	CHECK_EXIT("exit(255)", end(0, 255), 255);
	CHECK_EXIT("exit(256)", end(0, 256), 0);
	CHECK_EXIT("exit(-1)", end(0, -1), 255);
	CHECK_EXIT("_exit(300)", end(1, 300), 44);
	CHECK_EXIT("exit_group(9)", end(2, 9), 9);
	CHECK_EXIT("thread exit(11)", end(3, 11), 11);
	return guest_done();
}
