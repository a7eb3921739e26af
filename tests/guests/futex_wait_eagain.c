/* FUTEX_WAIT refuses at once when the value differs, and what else futex calls
   refuse. See futex(2). static-too */
#include "guest.h"

int main(void)
{
	uint32_t f[2] = {5, 6};
	struct timespec t = {0, 1000000};
	char *gone = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST((long)gone);
	MUST(munmap(gone, 4096));
	uint32_t *bad = (uint32_t *)gone, *odd = (uint32_t *)((char *)f + 1);
	CHECK_ERR("value differs", guest_futex(f, FUTEX_WAIT, 4, NULL, NULL, 0), EAGAIN);
	CHECK_ERR("value differs, private", guest_futex(f, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0), EAGAIN);
	CHECK_ERR("value differs, with a time", guest_futex(f, FUTEX_WAIT_PRIVATE, 4, &t, NULL, 0), EAGAIN);
	CHECK_ERR("value differs, bitset",
		  guest_futex(f, FUTEX_WAIT_BITSET_PRIVATE, 4, NULL, NULL, 1), EAGAIN);
	CHECK_ERR("unaligned", guest_futex(odd, FUTEX_WAIT_PRIVATE, 5, NULL, NULL, 0), EINVAL);
	CHECK_ERR("unaligned wake", guest_futex(odd, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), EINVAL);
	CHECK_ERR("unmapped", guest_futex(bad, FUTEX_WAIT_PRIVATE, 5, NULL, NULL, 0), EFAULT);
	CHECK_ERR("unmapped, shared wake", guest_futex(bad, FUTEX_WAKE, 1, NULL, NULL, 0), EFAULT);
	CHECK_ERR("time at a bad address",
		  guest_futex(f, FUTEX_WAIT_PRIVATE, 5, guest_bad, NULL, 0), EFAULT);
	t.tv_nsec = 1000000000;
	CHECK_ERR("bad nanoseconds", guest_futex(f, FUTEX_WAIT_PRIVATE, 5, &t, NULL, 0), EINVAL);
	t.tv_sec = -1, t.tv_nsec = 0;
	CHECK_ERR("negative time", guest_futex(f, FUTEX_WAIT_PRIVATE, 5, &t, NULL, 0), EINVAL);
	CHECK_ERR("bitset 0", guest_futex(f, FUTEX_WAIT_BITSET_PRIVATE, 5, NULL, NULL, 0), EINVAL);
	CHECK_ERR("unknown operation", guest_futex(f, 99, 0, NULL, NULL, 0), ENOSYS);
	return guest_done();
}
