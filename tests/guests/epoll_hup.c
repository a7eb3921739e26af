/* EPOLLHUP, EPOLLERR and EPOLLRDHUP: the first two are always reported. See
   epoll_ctl(2). static-too */
#include "guest.h"

static int ep;

static void show(const char *name, const char *want)
{
	struct epoll_event got;
	int n = (int)MUST(epoll_wait(ep, &got, 1, 0));
	CHECK_STR(name, guest_events(n ? got.events : 0), want);
}

static void watch(int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events};
	if (ep)
		MUST(close(ep));
	ep = (int)MUST(epoll_create1(0));
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
}

int main(void)
{
	const uint32_t all = EPOLLIN | EPOLLOUT | EPOLLRDHUP;
	int p[2], s[2];
	MUST(pipe(p));
	watch(p[0], 0);
	MUST(write(p[1], "x", 1));
	show("pipe with data, nothing asked", "none");
	MUST(close(p[1]));
	show("writer closed, nothing asked", "HUP");
	watch(p[0], all);
	show("writer closed, data left", "IN HUP");
	MUST(pipe(p));
	watch(p[1], 0);
	MUST(close(p[0]));
	show("reader closed, nothing asked", "ERR");
	watch(p[1], all);
	show("reader closed", "OUT ERR");

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	watch(s[0], all);
	show("socket pair", "OUT");
	MUST(shutdown(s[1], SHUT_WR));
	show("peer shut its writing", "IN OUT RDHUP");
	MUST(shutdown(s[0], SHUT_WR));
	show("both shut", "IN OUT RDHUP HUP");
	MUST(close(s[1]));
	show("peer closed", "IN OUT RDHUP HUP");
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	watch(s[0], all);
	MUST(write(s[0], "unread", 6));
	MUST(close(s[1]));
	show("peer closed with unread data", "IN OUT RDHUP HUP ERR");
	watch((int)MUST(socket(AF_INET, SOCK_STREAM, 0)), all);
	show("tcp socket never connected", "OUT HUP");
	return guest_done();
}
