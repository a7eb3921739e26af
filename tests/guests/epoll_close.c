/* Closing a watched descriptor removes it from the epoll only when the last
   duplicate is closed. See epoll(7). static-too */
#include "guest.h"

int main(void)
{
	int p[2];
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = 9}, got[2];
	int ep = (int)MUST(epoll_create1(0));
	MUST(pipe(p));
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	MUST(write(p[1], "x", 1));
	int dupe = (int)MUST(dup(p[0]));
	MUST(close(p[0]));
	CHECK_EQ("a duplicate keeps it", epoll_wait(ep, got, 2, 0), 1);
	CHECK_EQ("with its data", got[0].data.u64, 9);
	CHECK_ERR("but the number is gone", epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), EBADF);
	CHECK_ERR("and the duplicate is another key", epoll_ctl(ep, EPOLL_CTL_DEL, dupe, NULL), ENOENT);
	MUST(close(dupe));
	CHECK_EQ("the last one removes it", epoll_wait(ep, got, 2, 0), 0);

	MUST(pipe(p));
	CHECK_OK("the number again", epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	pid_t pid = guest_fork();
	if (pid == 0) {
		/* the epoll is shared: what the child registers, the parent sees */
		ev.data.u64 = 10;
		MUST(epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev));
		guest_write(p[1], "y", 1);
		_exit(0);
	}
	CHECK_EXIT("child", guest_wait(pid), 0);
	CHECK_EQ("shared over fork", epoll_wait(ep, got, 2, 0), 1);
	CHECK_EQ("data set by the child", got[0].data.u64, 10);
	return guest_done();
}
