/* What poll says about a TCP connection from connect to close. See poll(2),
   tcp(7). static-too */
#include "guest.h"

static void show(const char *name, int fd, int wait_for, const char *want)
{
	while (wait_for && !(guest_poll(fd, wait_for, -1) & wait_for))
		;
	CHECK_STR(name, guest_events((uint32_t)guest_poll(fd, POLLIN | POLLOUT | POLLRDHUP, 0)), want);
}

int main(void)
{
	int t[2];
	char c;
	show("new socket", (int)MUST(socket(AF_INET, SOCK_STREAM, 0)), 0, "OUT HUP");
	show("listener", guest_listen(1), 0, "none");
	guest_tcp_pair(t);
	show("connected", t[0], 0, "OUT");
	MUST(write(t[1], "x", 1));
	show("data", t[0], POLLIN, "IN OUT");
	MUST(read(t[0], &c, 1));
	show("read", t[0], 0, "OUT");
	MUST(shutdown(t[1], SHUT_WR));
	show("the peer shut its writing", t[0], POLLRDHUP, "IN OUT RDHUP");
	show("own writing shut", t[1], 0, "OUT");
	MUST(shutdown(t[0], SHUT_WR));
	show("both shut", t[0], POLLHUP, "IN OUT RDHUP HUP");
	show("both shut, the other side", t[1], POLLHUP, "IN OUT RDHUP HUP");
	guest_tcp_pair(t);
	MUST(close(t[1]));
	show("the peer closed", t[0], POLLRDHUP, "IN OUT RDHUP");
	MUST(shutdown(t[0], SHUT_RD));
	show("own reading shut as well", t[0], 0, "IN OUT RDHUP");
	return guest_done();
}
