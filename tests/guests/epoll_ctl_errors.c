/* What epoll calls refuse. See epoll_ctl(2), epoll_wait(2), epoll_create(2). static-too */
#include "guest.h"

int main(void)
{
	int p[2];
	struct epoll_event ev = {.events = EPOLLIN}, got[2];
	guest_tmp();
	guest_file("f", "text");
	int file = (int)MUST(open("f", O_RDONLY)), dir = (int)MUST(open(".", O_RDONLY));
	int ep = (int)MUST(epoll_create1(0)), other = (int)MUST(epoll_create(1));
	MUST(pipe(p));
	CHECK_ERR("create, size 0", epoll_create(0), EINVAL);
	CHECK_ERR("create, unknown flags", epoll_create1(1), EINVAL);
	CHECK_ERR("modify before add", epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &ev), ENOENT);
	CHECK_ERR("delete before add", epoll_ctl(ep, EPOLL_CTL_DEL, p[0], &ev), ENOENT);
	CHECK_OK("add", epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	CHECK_ERR("add again", epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), EEXIST);
	CHECK_OK("add a duplicate", epoll_ctl(ep, EPOLL_CTL_ADD, dup(p[0]), &ev));
	CHECK_OK("delete", epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL));
	CHECK_ERR("delete again", epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), ENOENT);
	CHECK_ERR("unknown operation", epoll_ctl(ep, 77, p[0], &ev), EINVAL);
	CHECK_ERR("regular file", epoll_ctl(ep, EPOLL_CTL_ADD, file, &ev), EPERM);
	CHECK_ERR("directory", epoll_ctl(ep, EPOLL_CTL_ADD, dir, &ev), EPERM);
	CHECK_ERR("closed descriptor", epoll_ctl(ep, EPOLL_CTL_ADD, 1000, &ev), EBADF);
	CHECK_ERR("closed epoll", epoll_ctl(1000, EPOLL_CTL_ADD, p[0], &ev), EBADF);
	CHECK_ERR("not an epoll", epoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &ev), EINVAL);
	CHECK_ERR("itself", epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), EINVAL);
	CHECK_ERR("event at a bad address", epoll_ctl(ep, EPOLL_CTL_ADD, p[1], guest_bad), EFAULT);
	CHECK_OK("another epoll", epoll_ctl(ep, EPOLL_CTL_ADD, other, &ev));
	CHECK_ERR("a circle", epoll_ctl(other, EPOLL_CTL_ADD, ep, &ev), ELOOP);
	CHECK_ERR("wait for 0 events", epoll_wait(ep, got, 0, 0), EINVAL);
	CHECK_ERR("wait for -1 events", syscall(SYS_epoll_wait, ep, got, -1, 0), EINVAL);
	CHECK_ERR("wait on a pipe", epoll_wait(p[0], got, 1, 0), EINVAL);
	CHECK_ERR("wait on a closed one", epoll_wait(1000, got, 1, 0), EBADF);
	ev.events = EPOLLIN | EPOLLEXCLUSIVE;
	CHECK_ERR("EPOLLEXCLUSIVE with MOD", epoll_ctl(ep, EPOLL_CTL_MOD, other, &ev), EINVAL);
	CHECK_ERR("read from an epoll", read(ep, got, 1), EINVAL);
	return guest_done();
}
