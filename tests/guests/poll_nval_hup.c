/* POLLNVAL, POLLHUP, POLLERR and POLLRDHUP. See poll(2). static-too */
#include "guest.h"

static void show(const char *name, int fd, int events, const char *want)
{
	CHECK_STR(name, guest_events((uint32_t)guest_poll(fd, events, 0)), want);
}

int main(void)
{
	const int all = POLLIN | POLLOUT | POLLRDHUP;
	int p[2], s[2];
	show("closed descriptor", 1000, all, "NVAL");
	show("closed descriptor, nothing asked", 1000, 0, "NVAL");
	MUST(pipe(p));
	MUST(write(p[1], "x", 1));
	MUST(close(p[1]));
	show("pipe, writer closed, data left", p[0], all, "IN HUP");
	show("pipe, nothing asked", p[0], 0, "HUP");
	MUST(read(p[0], s, 1));
	show("pipe, writer closed", p[0], all, "HUP");
	MUST(pipe(p));
	MUST(close(p[0]));
	show("pipe, reader closed", p[1], all, "OUT ERR");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	show("socket pair", s[0], all, "OUT");
	MUST(shutdown(s[1], SHUT_WR));
	show("peer shut its writing", s[0], all, "IN OUT RDHUP");
	show("own writing shut", s[1], all, "OUT");
	MUST(close(s[1]));
	show("peer closed", s[0], all, "IN OUT RDHUP HUP");
	show("peer closed, nothing asked", s[0], 0, "HUP");
	struct pollfd f[2] = {{1000, POLLIN, 0}, {s[0], POLLIN, 0}};
	CHECK_EQ("a bad one does not make poll fail", poll(f, 2, -1), 2);
	CHECK("both are told", (f[0].revents & POLLNVAL) && (f[1].revents & POLLIN));
	return guest_done();
}
