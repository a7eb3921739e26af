/* /dev/null, /dev/zero, /dev/full, /dev/urandom. See null(4), full(4),
   random(4). static-too */
#include "guest.h"

int main(void)
{
	unsigned char a[256], b[256];
	struct stat st;
	int fd = (int)CHECK_OK("null", open("/dev/null", O_RDWR));
	CHECK_EQ("read", read(fd, a, sizeof a), 0);
	CHECK_EQ("write", write(fd, a, sizeof a), sizeof a);
	CHECK_EQ("lseek", lseek(fd, 100, SEEK_SET), 0);
	CHECK_ERR("ftruncate", ftruncate(fd, 0), EINVAL);
	CHECK_EQ("poll", guest_poll(fd, POLLIN | POLLOUT, 0), POLLIN | POLLOUT);
	CHECK_OK("O_TRUNC", open("/dev/null", O_WRONLY | O_TRUNC));
	MUST(fstat(fd, &st));
	CHECK("character device", S_ISCHR(st.st_mode));
	CHECK("not a terminal", !isatty(fd) && errno == ENOTTY);
	fd = (int)CHECK_OK("zero", open("/dev/zero", O_RDWR));
	memset(a, 1, sizeof a), memset(b, 0, sizeof b);
	CHECK_EQ("read", read(fd, a, sizeof a), sizeof a);
	CHECK("zeros", !memcmp(a, b, sizeof a));
	CHECK_EQ("write", write(fd, a, 10), 10);
	char *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK("mmap", m != MAP_FAILED && m[0] == 0 && m[4095] == 0);
	fd = (int)CHECK_OK("full", open("/dev/full", O_RDWR));
	CHECK_ERR("write", write(fd, a, 1), ENOSPC);
	memset(a, 1, sizeof a);
	CHECK_EQ("read", read(fd, a, sizeof a), sizeof a);
	CHECK("zeros", !memcmp(a, b, sizeof a));
	fd = (int)CHECK_OK("urandom", open("/dev/urandom", O_RDONLY));
	CHECK_EQ("read", read(fd, a, sizeof a), sizeof a);
	CHECK_EQ("read again", read(fd, b, sizeof b), sizeof b);
	CHECK("different", memcmp(a, b, sizeof a));
	CHECK_ERR("open a missing one", open("/dev/no-such-device", O_RDONLY), ENOENT);
	return guest_done();
}
