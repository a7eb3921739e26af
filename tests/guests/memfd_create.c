/* memfd_create: an anonymous file with a name in /proc, shared by mapping, and
   sealed. See memfd_create(2), fcntl(2). static-too */
#include "guest.h"

int main(void)
{
	char path[40], text[64];
	struct stat st;
	int fd = (int)CHECK_OK("memfd_create", memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	CHECK_EQ("close-on-exec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	MUST(fstat(fd, &st));
	CHECK("an empty regular file", S_ISREG(st.st_mode) && st.st_size == 0);
	CHECK_EQ("write", write(fd, "hello", 5), 5);
	MUST(ftruncate(fd, 4096));
	sprintf(path, "/proc/self/fd/%d", fd);
	ssize_t n = MUST(readlink(path, text, sizeof text - 1));
	CHECK_STR("name", (text[n] = 0, text), "/memfd:guest (deleted)");
	char *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK_STR("mapped", m, "hello");
	m[0] = 'J';
	CHECK_EQ("read", pread(fd, text, 5, 0), 5);
	CHECK_EQ("the store is seen", text[0], 'J');
	CHECK_EQ("no seals", fcntl(fd, F_GET_SEALS), 0);
	CHECK_ERR("F_SEAL_WRITE while mapped", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	MUST(munmap(m, 4096));
	CHECK_OK("F_SEAL_SHRINK | F_SEAL_GROW", fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW));
	CHECK_ERR("shrink", ftruncate(fd, 10), EPERM);
	CHECK_ERR("grow", ftruncate(fd, 8192), EPERM);
	CHECK_ERR("write beyond the end", pwrite(fd, "x", 1, 4096), EPERM);
	CHECK_EQ("write inside", pwrite(fd, "x", 1, 0), 1);
	CHECK_OK("F_SEAL_WRITE", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	CHECK_ERR("write inside", pwrite(fd, "x", 1, 0), EPERM);
	CHECK_ERR("shared writable mapping", mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
	CHECK_OK("F_SEAL_SEAL", fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
	CHECK_ERR("another seal", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	CHECK("all seals", fcntl(fd, F_GET_SEALS) == (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
	fd = (int)MUST(memfd_create("", 0));
	CHECK_ERR("sealing not allowed", fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	CHECK_ERR("unknown flags", memfd_create("x", 1 << 20), EINVAL);
	return guest_done();
}
