/* MADV_WIPEONFORK, MADV_DONTFORK and what takes them back: what a forked child
   finds. See madvise(2). static-too */
#include "guest.h"

static const size_t page = 4096;
static char *p;

static void child(void)
{
	CHECK("kept", p[0] == 'a');
	CHECK("wiped", p[page] == 0 && p[2 * page - 1] == 0);
	p[page] = 'w';
	CHECK("and writable", p[page] == 'w');
	CHECK_ERR("left out", write(-1, p + 2 * page, 1), EBADF);
	CHECK_ERR("is not mapped", madvise(p + 2 * page, page, MADV_NORMAL), ENOMEM);
	CHECK("wiped and kept again", p[3 * page] == 'd');
	CHECK("read-only and wiped", p[4 * page] == 0);
}

static void grandchild(void)
{
	CHECK("wiped again", p[page] == 0);
}

static void touches_what_was_left_out(void)
{
	guest_no_core();
	p[2 * page] = 'x';
}

static void heir(void)
{
	child();
	/* Advice is inherited: the next generation starts from zeros again. */
	CHECK_EXIT("grandchild", guest_child(grandchild), 0);
	CHECK("the child's own", p[page] == 'w');
	CHECK_KILLED("touching it", guest_child(touches_what_was_left_out), SIGSEGV);
}

int main(void)
{
	p = mmap(NULL, 5 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST((long)p);
	for (int i = 0; i < 5; i++)
		memset(p + i * page, 'a' + i, page);
	MUST(mprotect(p + 4 * page, page, PROT_READ));
	CHECK_OK("MADV_WIPEONFORK", madvise(p + page, page, MADV_WIPEONFORK));
	CHECK_OK("MADV_DONTFORK", madvise(p + 2 * page, page, MADV_DONTFORK));
	CHECK_OK("another", madvise(p + 3 * page, 2 * page, MADV_WIPEONFORK));
	CHECK_OK("MADV_KEEPONFORK", madvise(p + 3 * page, page, MADV_KEEPONFORK));
	CHECK_OK("MADV_DOFORK of what is forked", madvise(p, page, MADV_DOFORK));
	CHECK_EXIT("child", guest_child(heir), 0);
	CHECK("the parent has it all", p[0] == 'a' && p[page] == 'b' && p[2 * page] == 'c' && p[3 * page] == 'd');
	CHECK("and what it cannot write", p[4 * page] == 'e');

	char *shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST((long)shared);
	CHECK_ERR("shared memory", madvise(shared, page, MADV_WIPEONFORK), EINVAL);
	CHECK_OK("may be left out", madvise(shared, page, MADV_DONTFORK));
	MUST(munmap(p + page, page));
	CHECK_ERR("a hole", madvise(p, 3 * page, MADV_WIPEONFORK), ENOMEM);
	CHECK_OK("length 0", madvise(p, 0, MADV_WIPEONFORK));
	return guest_done();
}
