/* Open file description locks: owned by the open file, not by the process. See
   fcntl_locking(2). static-too */
#include "guest.h"

static int lock(int fd, int cmd, int type, long start, long len)
{
	struct flock l = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
	return fcntl(fd, cmd, &l);
}

static void *wait_for_it(void *arg)
{
	return (void *)(intptr_t)lock(*(int *)arg, F_OFD_SETLKW, F_WRLCK, 0, 0);
}

int main(void)
{
	guest_tmp();
	guest_file("f", "0123456789");
	int a = (int)MUST(open("f", O_RDWR)), b = (int)MUST(open("f", O_RDWR));
	CHECK_OK("write lock", lock(a, F_OFD_SETLK, F_WRLCK, 0, 5));
	CHECK_ERR("another open of this process", lock(b, F_OFD_SETLK, F_RDLCK, 4, 1), EAGAIN);
	CHECK_OK("outside the range", lock(b, F_OFD_SETLK, F_WRLCK, 5, 1));
	CHECK_ERR("an ordinary lock conflicts too", lock(b, F_SETLK, F_WRLCK, 0, 1), EAGAIN);
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
	MUST(fcntl(b, F_OFD_GETLK, &l));
	CHECK_EQ("F_OFD_GETLK process", l.l_pid, -1);
	CHECK("type and range", l.l_type == F_WRLCK && l.l_start == 0 && l.l_len == 5);
	MUST(close((int)MUST(open("f", O_RDONLY))));
	CHECK_ERR("closing another open releases nothing", lock(b, F_OFD_SETLK, F_WRLCK, 0, 1), EAGAIN);
	int dupe = (int)MUST(dup(a));
	MUST(close(a));
	CHECK_ERR("a duplicate keeps it", lock(b, F_OFD_SETLK, F_WRLCK, 0, 1), EAGAIN);
	pthread_t t = guest_thread(wait_for_it, &b);
	guest_sleep_ms(5);
	MUST(close(dupe));
	CHECK("the last close releases it", guest_join(t) == NULL);
	l.l_pid = 1;
	CHECK_ERR("a process id given", fcntl(b, F_OFD_SETLK, &l), EINVAL);
	return guest_done();
}
