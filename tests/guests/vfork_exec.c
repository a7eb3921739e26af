/* vfork: the parent waits until the child ends or starts a program. See
   vfork(2), execve(2). static-too */
#include "guest.h"

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		puts("new program runs");
		return 17;
	}
	static volatile int stored;
	char *args[] = {"guest", "again", NULL};
	int status;
	pid_t pid = (pid_t)MUST(vfork());
	if (pid == 0) {
		stored = 1; /* the memory is the parent's */
		_exit(4);
	}
	CHECK_EQ("store of the child", stored, 1);
	MUST(waitpid(pid, &status, 0));
	CHECK_EXIT("_exit", status, 4);

	fflush(stdout);
	pid = (pid_t)MUST(vfork());
	if (pid == 0) {
		execv("/proc/self/exe", args);
		_exit(127);
	}
	MUST(waitpid(pid, &status, 0));
	CHECK_EXIT("exec", status, 17);

	pid = (pid_t)MUST(vfork());
	if (pid == 0) {
		execv("/nonexistent/program", args);
		stored = errno;
		_exit(127);
	}
	MUST(waitpid(pid, &status, 0));
	CHECK_EXIT("failed exec", status, 127);
	CHECK_RC("its errno", stored, ENOENT);
	return guest_done();
}
