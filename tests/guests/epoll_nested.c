/* An epoll descriptor can be polled and watched by another epoll. See epoll(7). static-too */
#include "guest.h"

int main(void)
{
	char c;
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 1}, got[2];
	int p[2], in = (int)MUST(epoll_create1(0)), out = (int)MUST(epoll_create1(0));
	MUST(pipe(p));
	MUST(epoll_ctl(in, EPOLL_CTL_ADD, p[0], &ev));
	ev.data.u64 = 2;
	CHECK_OK("watch the inner one", epoll_ctl(out, EPOLL_CTL_ADD, in, &ev));
	CHECK_EQ("nothing", epoll_wait(out, got, 2, 0), 0);
	CHECK_EQ("poll agrees", guest_poll(in, POLLIN, 0), 0);
	MUST(write(p[1], "x", 1));
	CHECK_EQ("outer", epoll_wait(out, got, 2, -1), 1);
	CHECK_EQ("outer data", got[0].data.u64, 2);
	CHECK_EQ("poll of the inner one", guest_poll(in, POLLIN, 0), POLLIN);
	CHECK_EQ("poll of the outer one", guest_poll(out, POLLIN, 0), POLLIN);
	CHECK_EQ("inner", epoll_wait(in, got, 2, 0), 1);
	CHECK_EQ("inner data", got[0].data.u64, 1);
	CHECK_EQ("outer, still", epoll_wait(out, got, 2, 0), 1);
	MUST(read(p[0], &c, 1));
	CHECK_EQ("outer, drained", epoll_wait(out, got, 2, 0), 0);
	return guest_done();
}
