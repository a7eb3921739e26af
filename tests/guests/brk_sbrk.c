/* The program break: growth gives zeroed memory, shrinking gives it back, and
   an impossible break is refused. See brk(2). static-too */
#include "guest.h"

int main(void)
{
	const size_t size = 64 * 1024;
	puts("start"); /* stdio has its buffer now and will not move the break */
	char *start = sbrk(0);
	char *old = sbrk((intptr_t)size);
	char *now = sbrk(0);
	int zero = 1;
	for (size_t i = 0; i < size; i++)
		zero = zero && old[i] == 0;
	memset(old, 'x', size);
	int kept = old[0] == 'x' && old[size - 1] == 'x';
	char *raw = (char *)syscall(SYS_brk, 0);
	char *refused = (char *)syscall(SYS_brk, 4096); /* below the heap: nothing changes */
	void *huge = sbrk(INTPTR_MAX / 2);
	int huge_errno = errno;
	char *shrunk = sbrk(-(intptr_t)size);
	char *end = sbrk(0);
	char *again = sbrk((intptr_t)size);
	int zero_again = again == start && again[size - 1] == 0;

	CHECK("sbrk(0) is the break", old == start);
	CHECK("the break moved", now == start + size);
	CHECK("new memory is zero", zero);
	CHECK("new memory is writable", kept);
	CHECK("brk(0) reports the break", raw == now);
	CHECK("a break below the heap is ignored", refused == now);
	CHECK("an impossible break", huge == (void *)-1 && huge_errno == ENOMEM);
	CHECK("shrinking returns the old break", shrunk == now);
	CHECK("the break is back", end == start);
	CHECK("grown again, zero again", zero_again);
	return guest_done();
}
