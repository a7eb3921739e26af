/* Copying by process_vm_readv and process_vm_writev within a process: lengths
   that differ, holes, errors. See process_vm_readv(2). static-too */
#include "guest.h"

static const size_t page = 4096;

static long reads(struct iovec *l, int nl, struct iovec *r, int nr)
{
	return process_vm_readv(getpid(), l, (unsigned)nl, r, (unsigned)nr, 0);
}

int main(void)
{
	char from[] = "hello, world", to[64] = "................";
	struct iovec l[2] = {{to, 5}, {to + 8, 4}}, r[2] = {{from, 3}, {from + 7, 6}};
	CHECK_EQ("readv", reads(l, 2, r, 2), 9);
	to[16] = 0;
	CHECK_STR("gathered and scattered", to, "helwo...rld");
	CHECK_EQ("the shorter side ends it", reads(l, 1, r, 2), 5);
	CHECK_EQ("writev", process_vm_writev(getpid(), r, 1, l, 2, 0), 3);
	CHECK_EQ("nothing here", reads(l, 0, r, 2), 0);
	CHECK_EQ("nothing there", reads(l, 2, r, 0), 0);
	CHECK_ERR("flags", process_vm_readv(getpid(), l, 1, r, 1, 1), EINVAL);
	CHECK_ERR("too many", process_vm_readv(getpid(), l, 1025, r, 1, 0), EINVAL);
	CHECK_ERR("nobody", process_vm_readv(999999, l, 1, r, 1, 0), ESRCH);
	CHECK_ERR("a bad vector", process_vm_readv(getpid(), guest_bad, 1, r, 1, 0), EFAULT);

	char *p = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST((long)p);
	memset(p, 'x', 3 * page);
	MUST(munmap(p + page, page));
	static char big[16384];
	struct iovec all = {big, sizeof big};
	struct iovec over = {p + page - 10, 20}, after = {p + 2 * page, 10}, hole = {p + page, 10};
	CHECK_EQ("up to a hole", reads(&all, 1, &over, 1), 10);
	CHECK_ERR("from a hole", reads(&all, 1, &hole, 1), EFAULT);
	struct iovec three[3] = {{p, 10}, hole, after};
	CHECK_EQ("a hole ends it", reads(&all, 1, three, 3), 10);
	MUST(mprotect(p, page, PROT_READ));
	struct iovec closed = {p, 4};
	CHECK_ERR("not to what is read-only", process_vm_writev(getpid(), &all, 1, &closed, 1, 0), EFAULT);
	CHECK_EQ("but from it", reads(&all, 1, &closed, 1), 4);
	return guest_done();
}
