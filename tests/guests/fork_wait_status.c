/* fork and waitpid: exit statuses, ids, several children. See fork(2), waitpid(2). static-too */
#include "guest.h"

int main(void)
{
	pid_t self = getpid(), pid[5];
	pid_t one = guest_fork();
	if (one == 0)
		_exit(getppid() == self && getpid() != self ? 3 : 4);
	int status = -1;
	CHECK("waitpid returns the child", waitpid(one, &status, 0) == one);
	CHECK("WIFEXITED", WIFEXITED(status) && !WIFSIGNALED(status) && !WIFSTOPPED(status));
	CHECK_EQ("WEXITSTATUS", WEXITSTATUS(status), 3);
	CHECK_EQ("raw status", status, 3 << 8);

	for (int i = 0; i < 5; i++)
		if ((pid[i] = guest_fork()) == 0)
			_exit(10 + i);
	for (int i = 4; i >= 0; i--)
		CHECK_EXIT("in any order", guest_wait(pid[i]), 10 + i);

	int sum = 0, known = 0;
	for (int i = 0; i < 5; i++)
		if ((pid[i] = guest_fork()) == 0)
			_exit(1 << i);
	for (int i = 0; i < 5; i++) {
		pid_t got = (pid_t)MUST(wait(&status));
		for (int k = 0; k < 5; k++)
			known += got == pid[k] && WEXITSTATUS(status) == 1 << k;
		sum += WEXITSTATUS(status);
	}
	CHECK_EQ("wait: children with their own code", known, 5);
	CHECK_EQ("wait: sum of codes", sum, 31);
	if ((one = guest_fork()) == 0)
		_exit(0);
	CHECK("no status wanted", waitpid(one, NULL, 0) == one);
	return guest_done();
}
