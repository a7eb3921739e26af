/* Edge-triggered epoll reports new arrivals, not what is left over. See epoll(7). static-too */
#include "guest.h"

static int ep;

static int ready(uint32_t want)
{
	struct epoll_event got[4];
	int n = (int)MUST(epoll_wait(ep, got, 4, 0));
	return n == 1 && (got[0].events & want) == want ? 1 : n ? -1 : 0;
}

static void watch(int fd, uint32_t events)
{
	struct epoll_event ev = {.events = events | EPOLLET, .data.fd = fd};
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
}

int main(void)
{
	int p[2], s[2];
	char text[16];
	static char big[65536];
	ep = (int)MUST(epoll_create1(0));
	MUST(pipe(p));
	watch(p[0], EPOLLIN);
	MUST(write(p[1], "a", 1));
	CHECK_EQ("pipe: first arrival", ready(EPOLLIN), 1);
	CHECK_EQ("pipe: no new arrival", ready(EPOLLIN), 0);
	MUST(write(p[1], "b", 1));
	CHECK_EQ("pipe: another arrival, nothing drained", ready(EPOLLIN), 1);
	MUST(read(p[0], text, 1));
	CHECK_EQ("pipe: a byte left is no arrival", ready(EPOLLIN), 0);
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	MUST(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev));
	CHECK_EQ("pipe: MOD looks afresh", ready(EPOLLIN), 1);
	MUST(epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	watch(p[0], EPOLLIN);
	CHECK_EQ("pipe: ADD looks afresh", ready(EPOLLIN), 1);
	MUST(close(p[1]));
	CHECK_EQ("pipe: hang-up is an edge", ready(EPOLLHUP), 1);
	CHECK_EQ("pipe: reported once", ready(EPOLLHUP), 0);

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s));
	watch(s[0], EPOLLIN | EPOLLOUT);
	CHECK_EQ("socket: writable at first", ready(EPOLLOUT), 1);
	CHECK_EQ("socket: once", ready(EPOLLOUT), 0);
	MUST(write(s[1], "a", 1));
	CHECK_EQ("socket: arrival", ready(EPOLLIN | EPOLLOUT), 1);
	while (write(s[0], big, sizeof big) > 0)
		;
	CHECK_EQ("socket: full is no edge", ready(EPOLLOUT), 0);
	while (read(s[1], big, sizeof big) > 0)
		;
	CHECK_EQ("socket: writable again", ready(EPOLLOUT), 1);

	int fd = (int)MUST(eventfd(0, 0));
	watch(fd, EPOLLIN);
	for (int i = 0; i < 2; i++) {
		MUST(eventfd_write(fd, 1));
		CHECK_EQ("eventfd: each write", ready(EPOLLIN), 1);
	}
	CHECK_EQ("eventfd: nothing new", ready(EPOLLIN), 0);
	return guest_done();
}
