/* Bad addresses are refused with EFAULT, also at the edge of a mapping. See
   errno(3) and the pages of the calls. static-too */
#include "guest.h"

int main(void)
{
	int p[2], fd;
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST((long)m);
	MUST(mprotect(m + 4096, 4096, PROT_NONE));
	guest_tmp();
	MUST(pipe(p));
	fd = (int)MUST(open("f", O_RDWR | O_CREAT, 0644));
	MUST(write(fd, "0123456789", 10));
	CHECK_EQ("write up to the edge", write(p[1], m + 4091, 5), 5);
	CHECK_EQ("read up to the edge", read(p[0], m + 4091, 5), 5);
	CHECK_ERR("write behind it", write(p[1], m + 4096, 1), EFAULT);
	MUST(write(p[1], "x", 1));
	CHECK_ERR("read behind it", read(p[0], m + 4096, 1), EFAULT);
	CHECK_EQ("the byte is still there", read(p[0], m, 1), 1);
	CHECK_ERR("pread behind it", pread(fd, m + 4096, 5, 0), EFAULT);
	CHECK_EQ("pread across it is short", pread(fd, m + 4096 - 4, 10, 0), 4);
	memcpy(m + 4094, "f", 2);
	CHECK_OK("a path that ends at the edge", access(m + 4094, F_OK));
	m[4095] = 'x';
	CHECK_ERR("a path that runs over it", access(m + 4094, F_OK), EFAULT);
	CHECK_ERR("read-only memory", (MUST(mprotect(m, 4096, PROT_READ)), pread(fd, m, 1, 0)), EFAULT);
	CHECK_ERR("stat", syscall(SYS_newfstatat, AT_FDCWD, "f", guest_bad, 0), EFAULT);
	CHECK_ERR("getcwd", syscall(SYS_getcwd, guest_bad, 1000), EFAULT);
	CHECK_ERR("readlink", (MUST(symlink("f", "l")), syscall(SYS_readlink, "l", guest_bad, 10)), EFAULT);
	CHECK_ERR("rt_sigaction", syscall(SYS_rt_sigaction, SIGUSR1, guest_bad, NULL, 8), EFAULT);
	CHECK_ERR("wait4", (guest_fork() == 0 ? _exit(0) : (void)0, syscall(SYS_wait4, -1, guest_bad, 0, NULL)), EFAULT);
	CHECK_ERR("pipe2", syscall(SYS_pipe2, guest_bad, 0), EFAULT);
	CHECK_ERR("epoll_ctl", epoll_ctl((int)MUST(epoll_create1(0)), EPOLL_CTL_ADD, p[0], guest_bad), EFAULT);
	CHECK_ERR("getrlimit", syscall(SYS_getrlimit, RLIMIT_NOFILE, guest_bad), EFAULT);
	CHECK_ERR("an address above user space", syscall(SYS_pread64, fd, UINTPTR_MAX - 4095, 1, 0), EFAULT);
	return guest_done();
}
