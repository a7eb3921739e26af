/* Calls on closed or never opened descriptors. See close(2). static-too */
#include "guest.h"

int main(void)
{
	char c;
	struct stat st;
	struct epoll_event ev = {0};
	int p[2];
	MUST(pipe(p));
	int fd = p[1];
	CHECK_OK("close", close(fd));
	CHECK_ERR("close again", close(fd), EBADF);
	CHECK_ERR("close -1", close(-1), EBADF);
	CHECK_ERR("close 1000000", close(1000000), EBADF);
	CHECK_ERR("read", read(fd, &c, 1), EBADF);
	CHECK_ERR("read of nothing", read(fd, &c, 0), EBADF);
	CHECK_ERR("write", write(fd, "x", 1), EBADF);
	CHECK_ERR("lseek", lseek(fd, 0, SEEK_SET), EBADF);
	CHECK_ERR("fstat", fstat(fd, &st), EBADF);
	CHECK_ERR("ftruncate", ftruncate(fd, 0), EBADF);
	CHECK_ERR("fsync", fsync(fd), EBADF);
	CHECK_ERR("fchdir", fchdir(fd), EBADF);
	CHECK_ERR("fchmod", fchmod(fd, 0644), EBADF);
	CHECK_ERR("openat", openat(fd, "x", O_RDONLY), EBADF);
	CHECK_ERR("ioctl", ioctl(fd, FIONREAD, &c), EBADF);
	CHECK_ERR("listen", listen(fd, 1), EBADF);
	CHECK_ERR("send", send(fd, "x", 1, 0), EBADF);
	CHECK_ERR("accept", accept(fd, NULL, NULL), EBADF);
	CHECK_ERR("epoll_wait", epoll_wait(fd, &ev, 1, 0), EBADF);
	CHECK_ERR("mmap", mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0), EBADF);
	CHECK("the number is used again", dup(p[0]) == fd);
	return guest_done();
}
