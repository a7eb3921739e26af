/* Record locks: ranges, conflicts between processes, F_GETLK, release by any
   close. See fcntl_locking(2). static-too */
#include "guest.h"

static int fd;

static int lock(int cmd, int type, long start, long len)
{
	struct flock l = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
	return fcntl(fd, cmd, &l);
}

static void child(void)
{
	CHECK_ERR("child: write over the write lock", lock(F_SETLK, F_WRLCK, 15, 1), EAGAIN);
	CHECK_ERR("child: read over the write lock", lock(F_SETLK, F_RDLCK, 0, 100), EAGAIN);
	CHECK_OK("child: read over the read lock", lock(F_SETLK, F_RDLCK, 30, 5));
	CHECK_ERR("child: write over the read lock", lock(F_SETLK, F_WRLCK, 30, 1), EAGAIN);
	CHECK_OK("child: in between", lock(F_SETLK, F_WRLCK, 20, 10));
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0};
	MUST(fcntl(fd, F_GETLK, &l));
	CHECK("child: F_GETLK type", l.l_type == F_WRLCK && l.l_whence == SEEK_SET);
	CHECK_EQ("child: F_GETLK start", l.l_start, 10);
	CHECK_EQ("child: F_GETLK length", l.l_len, 10);
	CHECK("child: F_GETLK process", l.l_pid == getppid());
	l = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 60, .l_len = 5};
	MUST(fcntl(fd, F_GETLK, &l));
	CHECK("child: F_GETLK of a free range", l.l_type == F_UNLCK && l.l_start == 60);
}

static void free_now(void) { CHECK_OK("child: all free", lock(F_SETLK, F_WRLCK, 0, 0)); }

int main(void)
{
	int p[2];
	char c;
	guest_tmp();
	guest_file("f", "0123456789");
	fd = (int)MUST(open("f", O_RDWR));
	CHECK_OK("write lock 10 to 19", lock(F_SETLK, F_WRLCK, 10, 10));
	CHECK_OK("read lock from 30 on", lock(F_SETLK, F_RDLCK, 30, 10));
	CHECK_OK("own locks do not conflict", lock(F_SETLK, F_WRLCK, 12, 2));
	CHECK_EXIT("child", guest_child(child), 0);
	MUST(close((int)MUST(open("f", O_RDONLY)))); /* any close releases all */
	CHECK_EXIT("child", guest_child(free_now), 0);

	MUST(lock(F_SETLK, F_WRLCK, 0, 0));
	MUST(pipe(p));
	pid_t pid = guest_fork();
	if (pid == 0) {
		MUST(lock(F_SETLKW, F_WRLCK, 5, 1)); /* waits */
		guest_write(p[1], "x", 1);
		pause();
	}
	guest_sleep_ms(10);
	CHECK_EQ("the child waits", guest_poll(p[0], POLLIN, 0), 0);
	CHECK_OK("unlock the middle", lock(F_SETLK, F_UNLCK, 4, 3));
	CHECK_EQ("the child goes on", guest_read(p[0], &c, 1), 1);
	CHECK_OK("both sides are still held", lock(F_SETLK, F_WRLCK, 0, 4));
	CHECK_ERR("the child's byte", lock(F_SETLK, F_WRLCK, 5, 1), EAGAIN);
	MUST(kill(pid, SIGKILL));
	guest_wait(pid);
	CHECK_OK("released by its end", lock(F_SETLK, F_WRLCK, 5, 1));
	int r = (int)MUST(open("f", O_RDONLY)), w = fd;
	fd = r;
	CHECK_ERR("write lock on O_RDONLY", lock(F_SETLK, F_WRLCK, 0, 1), EBADF);
	fd = w;
	CHECK_ERR("unknown type", lock(F_SETLK, 77, 0, 1), EINVAL);
	CHECK_ERR("before the start", lock(F_SETLK, F_WRLCK, -1, 1), EINVAL);
	return guest_done();
}
