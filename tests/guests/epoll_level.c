/* Level-triggered epoll reports as long as the condition holds. See epoll(7). static-too */
#include "guest.h"

int main(void)
{
	int p[2];
	char c;
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 0x123456789abcdefull}, got[4];
	int ep = (int)CHECK_OK("create", epoll_create1(EPOLL_CLOEXEC));
	CHECK_EQ("close-on-exec", fcntl(ep, F_GETFD), FD_CLOEXEC);
	MUST(pipe(p));
	CHECK_OK("add", epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	CHECK_EQ("nothing yet", epoll_wait(ep, got, 4, 0), 0);
	MUST(write(p[1], "ab", 2));
	for (int i = 0; i < 3; i++)
		CHECK_EQ("ready, and stays ready", epoll_wait(ep, got, 4, -1), 1);
	CHECK("events", got[0].events == EPOLLIN);
	CHECK("data", got[0].data.u64 == 0x123456789abcdefull);
	MUST(read(p[0], &c, 1));
	CHECK_EQ("one byte left", epoll_wait(ep, got, 4, 0), 1);
	MUST(read(p[0], &c, 1));
	CHECK_EQ("drained", epoll_wait(ep, got, 4, 0), 0);

	ev.events = EPOLLOUT, ev.data.fd = p[1];
	CHECK_OK("add the write end", epoll_ctl(ep, EPOLL_CTL_ADD, p[1], &ev));
	CHECK_EQ("writable", epoll_wait(ep, got, 4, 0), 1);
	CHECK("events", got[0].events == EPOLLOUT && got[0].data.fd == p[1]);
	MUST(write(p[1], "x", 1));
	CHECK_EQ("both", epoll_wait(ep, got, 4, 0), 2);
	CHECK_EQ("only as many as asked", epoll_wait(ep, got, 1, 0), 1);
	ev.events = 0;
	CHECK_OK("no events wanted", epoll_ctl(ep, EPOLL_CTL_MOD, p[1], &ev));
	CHECK_EQ("one", epoll_wait(ep, got, 4, 0), 1);
	CHECK_OK("delete", epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	CHECK_EQ("none", epoll_wait(ep, got, 4, 0), 0);
	return guest_done();
}
