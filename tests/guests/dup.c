/* dup, dup2, dup3: lowest free number, replacing, flags and errors. See dup(2). static-too */
#include "guest.h"

int main(void)
{
	int p[2], q[2];
	char c = 0;
	MUST(pipe(p));
	MUST(pipe(q));
	int a = (int)CHECK_OK("dup", dup(p[1]));
	CHECK("the next number", a == q[1] + 1);
	MUST(close(p[0] + 0));
	p[0] = (int)MUST(dup(q[0]));
	CHECK("the lowest free number", p[0] < p[1]);
	CHECK("dup2 returns the new number", dup2(p[1], 100) == 100);
	CHECK("dup2 onto itself", dup2(100, 100) == 100);
	CHECK_ERR("dup2 of a closed one onto itself", dup2(101, 101), EBADF);
	CHECK_ERR("dup2 of a closed one", dup2(101, 100), EBADF);
	CHECK("that did not close the target", fcntl(100, F_GETFD) == 0);
	CHECK_ERR("dup2 to a negative number", dup2(p[1], -1), EBADF);
	CHECK_ERR("dup of a closed one", dup(101), EBADF);
	MUST(fcntl(100, F_SETFD, FD_CLOEXEC));
	MUST(dup2(100, 101));
	CHECK_EQ("close-on-exec is not copied", fcntl(101, F_GETFD), 0);
	CHECK("dup3 with O_CLOEXEC", dup3(100, 102, O_CLOEXEC) == 102);
	CHECK_EQ("its flag", fcntl(102, F_GETFD), FD_CLOEXEC);
	CHECK_ERR("dup3 onto itself", dup3(100, 100, 0), EINVAL);
	CHECK_ERR("dup3 with another flag", dup3(100, 103, O_NONBLOCK), EINVAL);

	/* replacing the last write end of q closes it */
	CHECK("dup2 over an open one", dup2(100, q[1]) == q[1]);
	CHECK_EQ("the replaced end is closed", read(q[0], &c, 1), 0);
	guest_nonblock(100);
	CHECK("status flags are shared", fcntl(101, F_GETFL) & O_NONBLOCK);
	return guest_done();
}
