/* EPOLLONESHOT reports once until it is armed again by MOD. See epoll_ctl(2). static-too */
#include "guest.h"

int main(void)
{
	int p[2];
	struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT}, got[2];
	int ep = (int)MUST(epoll_create1(0));
	MUST(pipe(p));
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	MUST(write(p[1], "a", 1));
	CHECK_EQ("first", epoll_wait(ep, got, 2, 0), 1);
	CHECK("events", got[0].events == EPOLLIN);
	CHECK_EQ("second", epoll_wait(ep, got, 2, 0), 0);
	MUST(write(p[1], "b", 1));
	CHECK_EQ("after more data", epoll_wait(ep, got, 2, 0), 0);
	CHECK_ERR("still registered", epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), EEXIST);
	CHECK_OK("arm again", epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev));
	CHECK_EQ("once", epoll_wait(ep, got, 2, 0), 1);
	CHECK_EQ("twice", epoll_wait(ep, got, 2, 0), 0);
	MUST(close(p[1]));
	CHECK_EQ("disarmed hides even a hang-up", epoll_wait(ep, got, 2, 0), 0);
	MUST(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev));
	CHECK_EQ("armed again", epoll_wait(ep, got, 2, 0), 1);
	CHECK("events", got[0].events == (EPOLLIN | EPOLLHUP));
	return guest_done();
}
