/* MADV_DONTNEED: private anonymous memory reads as zero again, a private file
   mapping goes back to the file. See madvise(2). static-too */
#include "guest.h"

int main(void)
{
	const size_t page = 4096;
	char *p = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST((long)p);
	memset(p, 'x', 4 * page);
	CHECK_OK("MADV_DONTNEED", madvise(p + page, 2 * page, MADV_DONTNEED));
	CHECK("the pages are zero", p[page] == 0 && p[3 * page - 1] == 0);
	CHECK("the others are kept", p[page - 1] == 'x' && p[3 * page] == 'x');
	p[page] = 'y';
	CHECK("still writable", p[page] == 'y');
	CHECK_OK("partial last page", madvise(p, 1, MADV_DONTNEED));
	CHECK("drops the whole page", p[page - 1] == 0);
	CHECK_OK("length 0", madvise(p, 0, MADV_DONTNEED));
	CHECK_ERR("unaligned", madvise(p + 1, page, MADV_DONTNEED), EINVAL);
	CHECK_ERR("unknown advice", madvise(p, page, 9999), EINVAL);
	CHECK_OK("MADV_NORMAL", madvise(p, page, MADV_NORMAL));
	CHECK_OK("MADV_WILLNEED", madvise(p, page, MADV_WILLNEED));
	MUST(munmap(p + page, page));
	CHECK_ERR("over a hole", madvise(p, 4 * page, MADV_DONTNEED), ENOMEM);
	CHECK("done on both sides of the hole", p[2 * page] == 0 && p[3 * page] == 0);

	guest_tmp();
	guest_file("f", "file text");
	int fd = (int)MUST(open("f", O_RDWR));
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	MUST((long)p);
	memcpy(p, "MINE", 4);
	CHECK_STR("changed copy", p, "MINE text");
	MUST(madvise(p, page, MADV_DONTNEED));
	CHECK_STR("after MADV_DONTNEED", p, "file text");
	return guest_done();
}
