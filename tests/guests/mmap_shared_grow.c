/* A shared file mapping longer than its file, in two processes: what one of
   them adds to or cuts off the file appears in and disappears from the mapping
   of the other. See mmap(2), ftruncate(2). static-too */
#include "guest.h"

static sigjmp_buf back;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

static int touch(volatile char *at)
{
	return sigsetjmp(back, 1) == 0 ? *at : -1;
}

int main(void)
{
	const size_t page = 4096, len = 64 * 4096;
	int there[2], again[2];
	char c, buffer[8];
	guest_tmp();
	guest_file("f", "first");
	guest_on(SIGBUS, on_bus, 0);
	MUST(pipe(there));
	MUST(pipe(again));
	int fd = (int)MUST(open("f", O_RDWR));
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST((long)p);
	pid_t child = MUST(fork());
	if (child == 0) {
		MUST(read(there[0], &c, 1));
		MUST(ftruncate(fd, (off_t)page * 3));
		MUST(pwrite(fd, "third", 5, (off_t)page * 2));
		p[page] = 's';
		MUST(write(again[1], "g", 1));
		MUST(read(there[0], &c, 1));
		MUST(ftruncate(fd, 2));
		MUST(write(again[1], "g", 1));
		_exit(0);
	}
	CHECK_EQ("the first page", touch(p), 'f');
	CHECK_EQ("the third page before the file grew", touch(p + page * 2), -1);
	MUST(write(there[1], "g", 1));
	MUST(read(again[0], &c, 1));
	CHECK_EQ("the second page, stored by the other process", touch(p + page), 's');
	CHECK_EQ("the third page, written by the other process", touch(p + page * 2 + 1), 'h');
	CHECK_EQ("the fourth page", touch(p + page * 3), -1);
	p[page * 2] = 'T';
	CHECK_EQ("read", pread(fd, buffer, 5, (off_t)page * 2), 5);
	CHECK("stored by this process", memcmp(buffer, "Third", 5) == 0);
	MUST(write(there[1], "g", 1));
	MUST(read(again[0], &c, 1));
	CHECK_EQ("the second page after the file was cut", touch(p + page), -1);
	CHECK_EQ("the first page stays", touch(p + 1), 'i');
	CHECK_EQ("its rest was cleared", touch(p + 2), 0);
	MUST(ftruncate(fd, (off_t)page * 2));
	CHECK_EQ("the second page is new", touch(p + page), 0);
	MUST(waitpid(child, NULL, 0));
	char *half = mremap(p, len, len / 2, 0);
	CHECK("mremap to half", half == p);
	char *more = mremap(p, len / 2, len * 2, MREMAP_MAYMOVE);
	CHECK_EQ("moved", touch(more), 'f');
	CHECK_EQ("still ends where the file does", touch(more + page * 2), -1);
	char *twice = mremap(more, 0, page * 2, MREMAP_MAYMOVE);
	CHECK("mapped twice", twice != MAP_FAILED && twice != more);
	more[0] = 'F';
	CHECK_EQ("the same memory", touch(twice), 'F');
	CHECK_OK("MADV_DONTNEED", madvise(more, page, MADV_DONTNEED));
	CHECK_EQ("keeps what is shared", touch(more), 'F');
	return guest_done();
}
