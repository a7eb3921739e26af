/* A shared file mapping: stores reach the file and other mappings, writes
   reach the mapping; msync. See mmap(2), msync(2). static-too */
#include "guest.h"

int main(void)
{
	const size_t page = 4096;
	guest_tmp();
	guest_file("f", "0123456789");
	int fd = (int)MUST(open("f", O_RDWR));
	char *a = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *b = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	CHECK("two mappings", a != MAP_FAILED && b != MAP_FAILED && a != b);
	memcpy(a, "store", 5);
	CHECK_STR("store seen in the other mapping", b, "store56789");
	CHECK_STR("store seen by read", guest_text("f"), "store56789");
	MUST(pwrite(fd, "WRITE", 5, 5));
	CHECK_STR("write seen in the mapping", a, "storeWRITE");
	a[10] = '!'; /* after the end: does not make the file longer */
	CHECK_STR("a store after the end", guest_text("f"), "storeWRITE");
	CHECK_OK("msync MS_SYNC", msync(a, page, MS_SYNC));
	CHECK_OK("msync MS_ASYNC", msync(a, page, MS_ASYNC));
	CHECK_ERR("msync of both kinds", msync(a, page, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_ERR("msync unaligned", msync(a + 1, page, MS_SYNC), EINVAL);
	MUST(munmap(b, page));
	CHECK_ERR("msync of a hole", msync(b, page, MS_SYNC), ENOMEM);
	MUST(close(fd));
	memcpy(a, "after", 5);
	CHECK_STR("store after close", guest_text("f"), "afterWRITE");
	int r = (int)MUST(open("f", O_RDONLY));
	CHECK_ERR("shared writable from O_RDONLY",
		  mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, r, 0), EACCES);
	char *c = mmap(NULL, page, PROT_READ, MAP_SHARED, r, 0);
	CHECK("shared readable from O_RDONLY", c != MAP_FAILED);
	CHECK_ERR("mprotect to writable", mprotect(c, page, PROT_READ | PROT_WRITE), EACCES);
	return guest_done();
}
