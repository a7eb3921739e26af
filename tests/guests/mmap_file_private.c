/* A private file mapping: shows the file, keeps its own changes to itself, and
   outlives the descriptor. See mmap(2). static-too */
#include "guest.h"

int main(void)
{
	const size_t page = 4096;
	guest_tmp();
	guest_file("f", "original");
	int fd = (int)MUST(open("f", O_RDONLY));
	char *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	CHECK("writable private mapping of a read-only descriptor", p != MAP_FAILED);
	CHECK_STR("contents", p, "original");
	int zero = 1;
	for (size_t i = 8; i < page; i++)
		zero = zero && p[i] == 0;
	CHECK("zero after the end of the file", zero);
	memcpy(p, "ORIGINAL", 8);
	CHECK_STR("changed in memory", p, "ORIGINAL");
	CHECK_STR("not in the file", guest_text("f"), "original");
	MUST(close(fd));
	CHECK_STR("after close", p, "ORIGINAL");
	MUST(unlink("f"));
	CHECK_STR("after unlink", p, "ORIGINAL");
	MUST(munmap(p, page));

	fd = (int)MUST(open("g", O_RDWR | O_CREAT, 0644));
	MUST(ftruncate(fd, 3 * (long)page));
	MUST(pwrite(fd, "second", 6, (long)page));
	p = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, (long)page);
	MUST((long)p);
	CHECK_STR("at an offset", p, "second");
	CHECK_ERR("unaligned offset", mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL);
	int w = (int)MUST(open("g", O_WRONLY));
	CHECK_ERR("write-only descriptor", mmap(NULL, page, PROT_READ, MAP_PRIVATE, w, 0), EACCES);
	int dir = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
	CHECK_ERR("directory", mmap(NULL, page, PROT_READ, MAP_PRIVATE, dir, 0), ENODEV);
	int pipes[2];
	MUST(pipe(pipes));
	CHECK_ERR("pipe", mmap(NULL, page, PROT_READ, MAP_PRIVATE, pipes[0], 0), ENODEV);
	return guest_done();
}
