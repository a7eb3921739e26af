/* fallocate: growing, keeping the size, punching holes. See fallocate(2),
   posix_fallocate(3). static-too */
#include "guest.h"

static long size(int fd)
{
	struct stat st;
	MUST(fstat(fd, &st));
	return st.st_size;
}

int main(void)
{
	static char page[4096], got[3 * 4096];
	int p[2];
	guest_tmp();
	int fd = (int)MUST(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_OK("grow", fallocate(fd, 0, 0, 10000));
	CHECK_EQ("size", size(fd), 10000);
	CHECK_EQ("zeroed", pread(fd, got, 100, 9900), 100);
	CHECK("zeroed", got[0] == 0 && got[99] == 0);
	CHECK_OK("inside changes nothing", fallocate(fd, 0, 0, 100));
	CHECK_EQ("size", size(fd), 10000);
	CHECK_OK("FALLOC_FL_KEEP_SIZE", fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100000));
	CHECK_EQ("size", size(fd), 10000);
	memset(page, 'x', sizeof page);
	for (int i = 0; i < 3; i++)
		MUST(pwrite(fd, page, sizeof page, i * 4096));
	CHECK_OK("punch a hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4000, 4192));
	MUST(pread(fd, got, sizeof got, 0));
	int zero = 1;
	for (int i = 4000; i < 8192; i++)
		zero = zero && got[i] == 0;
	CHECK("the hole is zero", zero);
	CHECK("both sides are kept", got[3999] == 'x' && got[8192] == 'x');
	CHECK_EQ("size", size(fd), 3 * 4096);
	CHECK_ERR("punching needs KEEP_SIZE", fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
	CHECK_ERR("length 0", fallocate(fd, 0, 0, 0), EINVAL);
	CHECK_ERR("negative offset", fallocate(fd, 0, -1, 1), EINVAL);
	CHECK_ERR("unknown mode", fallocate(fd, 1 << 20, 0, 1), EOPNOTSUPP);
	CHECK_ERR("read-only", fallocate((int)MUST(open("f", O_RDONLY)), 0, 0, 1), EBADF);
	MUST(pipe(p));
	CHECK_ERR("pipe", fallocate(p[1], 0, 0, 1), ESPIPE);
	CHECK_RC("posix_fallocate", posix_fallocate(fd, 20000, 1000), 0);
	CHECK_EQ("size", size(fd), 21000);
	return guest_done();
}
