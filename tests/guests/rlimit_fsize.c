/* RLIMIT_FSIZE: SIGXFSZ, or EFBIG when it is ignored; partial writes. Limits
   are inherited. See getrlimit(2). static-too */
#include "guest.h"

#define LIMIT 100000 /* far more than stdout gets, which may be a file */

static void over(void)
{
	struct rlimit now;
	MUST(getrlimit(RLIMIT_FSIZE, &now));
	CHECK_EQ("child: inherited", now.rlim_cur, LIMIT);
	guest_no_core();
	signal(SIGXFSZ, SIG_DFL);
	int fd = (int)MUST(open("g", O_WRONLY | O_CREAT, 0644));
	MUST(ftruncate(fd, LIMIT + 1));
}

static void through_pipe(void)
{
	static char block[10000];
	int p[2];
	MUST(pipe(p));
	for (int i = 0; i < 20; i++) {
		guest_write(p[1], block, sizeof block);
		guest_read(p[0], block, sizeof block);
	}
	puts("child: 200000 bytes through a pipe");
}

int main(void)
{
	static char block[150];
	struct rlimit r;
	guest_tmp();
	int fd = (int)MUST(open("f", O_RDWR | O_CREAT, 0644));
	MUST(getrlimit(RLIMIT_FSIZE, &r));
	r.rlim_cur = LIMIT;
	signal(SIGXFSZ, SIG_IGN);
	CHECK_OK("setrlimit", setrlimit(RLIMIT_FSIZE, &r));
	MUST(lseek(fd, LIMIT - 100, SEEK_SET));
	CHECK_EQ("up to the limit", write(fd, block, 150), 100);
	CHECK_ERR("at the limit", write(fd, block, 1), EFBIG);
	CHECK_EQ("below it", pwrite(fd, block, 10, 50), 10);
	CHECK_ERR("ftruncate over it", ftruncate(fd, LIMIT + 1), EFBIG);
	CHECK_OK("ftruncate to it", ftruncate(fd, LIMIT));
	CHECK_EXIT("pipes are not limited", guest_child(through_pipe), 0);
	CHECK_KILLED("default", guest_child(over), SIGXFSZ);
	return guest_done();
}
