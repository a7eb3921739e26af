/* Anonymous private memory: zeroed, independent, fixed placement, and the
   errors of mmap and munmap. See mmap(2). static-too */
#include "guest.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

int main(void)
{
	const size_t page = 4096, size = 64 * page;
	char *p = mmap(NULL, size, RW, ANON, -1, 0);
	CHECK("mmap", p != MAP_FAILED);
	CHECK("page aligned", ((uintptr_t)p & (page - 1)) == 0);
	int zero = 1;
	for (size_t i = 0; i < size; i++)
		zero = zero && p[i] == 0;
	CHECK("zeroed", zero);
	memset(p, 'a', size);

	char *q = mmap(p + page, page, RW, ANON | MAP_FIXED, -1, 0);
	CHECK("MAP_FIXED replaces in place", q == p + page);
	CHECK("the replaced page is zero", q[0] == 0 && q[page - 1] == 0);
	CHECK("its neighbours are kept", p[page - 1] == 'a' && p[2 * page] == 'a');
	CHECK_ERR("MAP_FIXED_NOREPLACE", mmap(p, page, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	CHECK_OK("munmap in the middle", munmap(p + 4 * page, page));
	CHECK("both sides are kept", p[4 * page - 1] == 'a' && p[5 * page] == 'a');
	q = mmap(p + 4 * page, page, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK("the hole can be filled", q == p + 4 * page && q[0] == 0);
	CHECK_OK("munmap", munmap(p, size));
	CHECK_OK("munmap of nothing", munmap(p, size));

	CHECK_ERR("length 0", mmap(NULL, 0, RW, ANON, -1, 0), EINVAL);
	CHECK_ERR("neither shared nor private", mmap(NULL, page, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERR("MAP_FIXED unaligned", mmap(p + 1, page, RW, ANON | MAP_FIXED, -1, 0), EINVAL);
	CHECK_ERR("bad descriptor", mmap(NULL, page, RW, MAP_PRIVATE, -1, 0), EBADF);
	CHECK_ERR("too large", mmap(NULL, SIZE_MAX / 2, RW, ANON, -1, 0), ENOMEM);
	CHECK_ERR("munmap unaligned", munmap(p + 1, page), EINVAL);
	CHECK_ERR("munmap length 0", munmap(p, 0), EINVAL);
	return guest_done();
}
