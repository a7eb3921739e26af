/* Protection faults: SIGSEGV carries the address and tells a protection error
   from missing memory. See mprotect(2), sigaction(2). static-too */
#include "guest.h"

static sigjmp_buf back;
static volatile sig_atomic_t code;
static void *volatile where;

static void on_segv(int sig, siginfo_t *si, void *context)
{
	(void)sig, (void)context;
	code = si->si_code;
	where = si->si_addr;
	siglongjmp(back, 1);
}

static const char *touch(volatile char *at, int writing)
{
	if (sigsetjmp(back, 1) == 0) {
		if (writing)
			*at = 1;
		else
			(void)*at;
		return "no fault";
	}
	if (where != at)
		return "fault at another address";
	return code == SEGV_ACCERR ? "SEGV_ACCERR" : code == SEGV_MAPERR ? "SEGV_MAPERR" : "other code";
}

int main(void)
{
	char *p = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST((long)p);
	guest_on_info(SIGSEGV, on_segv, 0);
	CHECK_STR("read of PROT_NONE", touch(p + 10, 0), "SEGV_ACCERR");
	CHECK_STR("write of PROT_NONE", touch(p + 11, 1), "SEGV_ACCERR");
	CHECK_OK("mprotect to read", mprotect(p, 4096, PROT_READ));
	CHECK_STR("read of PROT_READ", touch(p + 12, 0), "no fault");
	CHECK_STR("write of PROT_READ", touch(p + 13, 1), "SEGV_ACCERR");
	CHECK_STR("the next page is unchanged", touch(p + 4096, 0), "SEGV_ACCERR");
	CHECK_OK("mprotect to read and write", mprotect(p, 4096, PROT_READ | PROT_WRITE));
	CHECK_STR("write of PROT_WRITE", touch(p + 14, 1), "no fault");
	MUST(munmap(p + 2 * 4096, 4096));
	CHECK_STR("read of unmapped memory", touch(p + 2 * 4096 + 5, 0), "SEGV_MAPERR");
	CHECK_STR("write of unmapped memory", touch(p + 2 * 4096 + 6, 1), "SEGV_MAPERR");
	CHECK_STR("write near NULL", touch((char *)8, 1), "SEGV_MAPERR");
	CHECK_ERR("mprotect unaligned", mprotect(p + 1, 4096, PROT_READ), EINVAL);
	CHECK_ERR("mprotect over a hole", mprotect(p, 3 * 4096, PROT_READ), ENOMEM);
	CHECK_OK("mprotect length 0", mprotect(p, 0, PROT_READ));
	return guest_done();
}
