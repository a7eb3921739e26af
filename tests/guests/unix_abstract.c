/* Unix sockets with abstract names: no file, the length counts, free again
   after close. See unix(7). static-too */
#include "guest.h"

int main(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX}, got;
	char text[8];
	int n = snprintf(a.sun_path + 1, 60, "fbsim-guest-%d", getpid());
	socklen_t size = (socklen_t)(sizeof(sa_family_t) + 1 + (size_t)n), len;
	int l = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0)), c = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_ERR("nobody there", connect(c, (struct sockaddr *)&a, size), ECONNREFUSED);
	CHECK_OK("bind", bind(l, (struct sockaddr *)&a, size));
	CHECK_ERR("in use", bind(c, (struct sockaddr *)&a, size), EADDRINUSE);
	MUST(listen(l, 1));
	CHECK_ERR("a longer name is another", connect(c, (struct sockaddr *)&a, size + 1), ECONNREFUSED);
	pid_t pid = guest_fork();
	if (pid == 0) {
		MUST(connect(c, (struct sockaddr *)&a, size));
		guest_write(c, "child", 5);
		_exit(0);
	}
	int s = (int)CHECK_OK("accept", accept(l, NULL, NULL));
	MUST(close(c)); /* the child's copy is the other end */
	CHECK_EQ("read to the end", guest_read(s, text, sizeof text), 5);
	CHECK_EXIT("child", guest_wait(pid), 0);
	len = sizeof got;
	MUST(getsockname(s, (struct sockaddr *)&got, &len));
	CHECK("name", len == size && memcmp(&got, &a, size) == 0);
	MUST(close(l));
	MUST(close(s));
	c = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK("free after close", bind(c, (struct sockaddr *)&a, size));

	int d = (int)MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	struct sockaddr_un any = {.sun_family = AF_UNIX};
	CHECK_OK("autobind", bind(d, (struct sockaddr *)&any, sizeof(sa_family_t)));
	len = sizeof got;
	MUST(getsockname(d, (struct sockaddr *)&got, &len));
	CHECK_EQ("length of the chosen name", len, sizeof(sa_family_t) + 6);
	CHECK("it is abstract", got.sun_path[0] == 0);
	return guest_done();
}
