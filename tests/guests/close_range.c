/* close_range closes a span of descriptors or marks it close-on-exec. See
   close_range(2). static-too */
#include "guest.h"

static int open_between(int a, int b)
{
	int n = 0;
	for (int fd = a; fd <= b; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

int main(void)
{
	for (int fd = 50; fd < 60; fd++)
		MUST(dup2(1, fd));
	CHECK_OK("close_range", close_range(52, 54, 0));
	CHECK_EQ("left open", open_between(50, 59), 7);
	CHECK_EQ("closed ones", open_between(52, 54), 0);
	CHECK_OK("again, nothing there", close_range(52, 54, 0));
	CHECK_OK("CLOSE_RANGE_CLOEXEC", close_range(55, 56, 4));
	CHECK_EQ("still open", open_between(55, 56), 2);
	CHECK("marked", fcntl(55, F_GETFD) == FD_CLOEXEC && fcntl(56, F_GETFD) == FD_CLOEXEC);
	CHECK_EQ("next one is not", fcntl(57, F_GETFD), 0);
	CHECK_ERR("first after last", close_range(60, 50, 0), EINVAL);
	CHECK_ERR("unknown flags", close_range(50, 60, 64), EINVAL);
	CHECK_OK("to the end of all", close_range(50, ~0u, 0));
	CHECK_EQ("none left", open_between(50, 59), 0);
	return guest_done();
}
