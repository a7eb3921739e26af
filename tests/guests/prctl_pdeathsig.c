/* PR_SET_PDEATHSIG: a signal when the parent ends; not inherited by children.
   See prctl(2). static-too */
#include "guest.h"

int main(void)
{
	int sig = -1, p[2], q[2];
	char c = 0;
	CHECK_OK("get", prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0));
	CHECK_EQ("none at first", sig, 0);
	CHECK_ERR("bad signal", prctl(PR_SET_PDEATHSIG, 1000, 0, 0, 0), EINVAL);
	MUST(pipe(p));
	MUST(pipe(q));
	pid_t middle = guest_fork();
	if (middle == 0) {
		pid_t inner = guest_fork();
		if (inner == 0) {
			sigset_t set = guest_set(SIGUSR1, 0);
			guest_block(SIGUSR1, 0);
			MUST(prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0));
			guest_write(q[1], "r", 1);
			int got = sigwaitinfo(&set, NULL);
			guest_write(p[1], got == SIGUSR1 ? "y" : "n", 1);
			_exit(0);
		}
		guest_read(q[0], &c, 1);
		_exit(0);
	}
	CHECK_EXIT("parent ends", guest_wait(middle), 0);
	guest_read(p[0], &c, 1);
	CHECK("its child got the signal", c == 'y');
	MUST(prctl(PR_SET_PDEATHSIG, SIGUSR2, 0, 0, 0));
	MUST(prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0));
	CHECK("set", sig == SIGUSR2);
	pid_t pid = guest_fork();
	if (pid == 0) {
		prctl(PR_GET_PDEATHSIG, &sig, 0, 0, 0);
		_exit(sig);
	}
	CHECK_EXIT("not inherited", guest_wait(pid), 0);
	return guest_done();
}
