/* Gathered writes and scattered reads. See readv(2). static-too */
#include "guest.h"

int main(void)
{
	char a[4] = "", b[8] = "", c[8] = "";
	int p[2];
	static struct iovec many[1025];
	guest_tmp();
	int fd = (int)MUST(open("f", O_RDWR | O_CREAT, 0644));
	struct iovec out[4] = {{(void *)"one", 3}, {NULL, 0}, {(void *)"two", 3}, {(void *)"three", 5}};
	CHECK_EQ("writev", writev(fd, out, 4), 11);
	CHECK_STR("file", guest_text("f"), "onetwothree");
	struct iovec in[3] = {{a, 3}, {b, 2}, {c, 7}};
	MUST(lseek(fd, 0, SEEK_SET));
	CHECK_EQ("readv", readv(fd, in, 3), 11);
	CHECK_STR("first", a, "one");
	CHECK_STR("second", b, "tw");
	CHECK_STR("third", c, "othree");
	CHECK_EQ("at the end", readv(fd, in, 3), 0);
	CHECK_EQ("no buffers", writev(fd, out, 0), 0);
	CHECK_ERR("negative count", syscall(SYS_writev, fd, out, -1), EINVAL);
	for (int i = 0; i < 1025; i++)
		many[i] = (struct iovec){(void *)"x", 1};
	CHECK_EQ("1024 buffers", writev(fd, many, 1024), 1024);
	CHECK_ERR("1025 buffers", writev(fd, many, 1025), EINVAL);
	in[1].iov_len = (size_t)SSIZE_MAX + 1;
	CHECK_ERR("a length over the maximum", readv(fd, in, 3), EINVAL);
	CHECK_ERR("buffers at a bad address", writev(fd, guest_bad, 1), EFAULT);
	MUST(pipe(p));
	CHECK_EQ("pipe", writev(p[1], out, 4), 11);
	in[0].iov_len = 1, in[1].iov_len = 1;
	CHECK_EQ("read a part", readv(p[0], in, 2), 2);
	CHECK("contents", a[0] == 'o' && b[0] == 'n');
	CHECK_EQ("read the rest", read(p[0], many, 100), 9);
	return guest_done();
}
