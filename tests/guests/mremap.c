/* Resizing and moving a mapping. See mremap(2). static-too */
#include "guest.h"

#define PAGE 4096ul

static int probe[2];

/* The kernel refuses to read what is not mapped. */
static int mapped(const char *at)
{
	char c;
	if (write(probe[1], at, 1) == -1)
		return 0;
	MUST(read(probe[0], &c, 1));
	return 1;
}

int main(void)
{
	const int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS;
	MUST(pipe(probe));
	char *p = mmap(NULL, 2 * PAGE, rw, anon, -1, 0);
	MUST((long)p);
	memset(p, 'm', 2 * PAGE);

	char *q = mremap(p, 2 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	CHECK("grow", q != MAP_FAILED);
	CHECK("contents kept", q[0] == 'm' && q[2 * PAGE - 1] == 'm');
	CHECK("the rest is zero", q[2 * PAGE] == 0 && q[64 * PAGE - 1] == 0);
	CHECK("the old place is free when it moved", q == p || !mapped(p));

	CHECK("shrink stays in place", mremap(q, 64 * PAGE, PAGE, 0) == q);
	CHECK("the tail is unmapped", mapped(q) && !mapped(q + PAGE));

	char *to = mmap(NULL, 4 * PAGE, rw, anon, -1, 0);
	MUST((long)to);
	CHECK("MREMAP_FIXED", mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to + PAGE) == to + PAGE);
	CHECK("it moved", to[PAGE] == 'm' && to[0] == 0 && !mapped(q));

	CHECK_ERR("no room in place", mremap(to, PAGE, 2 * PAGE, 0), ENOMEM);
	CHECK_ERR("new length 0", mremap(to, PAGE, 0, MREMAP_MAYMOVE), EINVAL);
	CHECK_ERR("unaligned", mremap(to + 1, PAGE, PAGE, 0), EINVAL);
	CHECK_ERR("unknown flags", mremap(to, PAGE, PAGE, 64), EINVAL);
	CHECK_ERR("fixed without maymove", mremap(to, PAGE, PAGE, MREMAP_FIXED, q), EINVAL);
	MUST(munmap(to, 4 * PAGE));
	CHECK_ERR("unmapped source", mremap(to, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
	return guest_done();
}
