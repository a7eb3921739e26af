/* Touching a file mapping beyond the last page of the file raises SIGBUS.
   See mmap(2), sigaction(2). static-too */
#include "guest.h"

static sigjmp_buf back;
static volatile sig_atomic_t code;
static void *volatile where;

static void on_bus(int sig, siginfo_t *si, void *context)
{
	(void)sig, (void)context;
	code = si->si_code;
	where = si->si_addr;
	siglongjmp(back, 1);
}

static const char *touch(volatile char *at)
{
	if (sigsetjmp(back, 1) == 0) {
		(void)*at;
		return "no fault";
	}
	return where == at && code == BUS_ADRERR ? "BUS_ADRERR" : "other fault";
}

int main(void)
{
	guest_tmp();
	guest_file("f", "short");
	guest_on_info(SIGBUS, on_bus, 0);
	int fd = (int)MUST(open("f", O_RDWR));
	char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	MUST((long)p);
	CHECK_STR("in the file", touch(p), "no fault");
	CHECK_STR("last page, after the end", touch(p + 4095), "no fault");
	CHECK_STR("next page", touch(p + 4096), "BUS_ADRERR");
	CHECK_STR("page after", touch(p + 2 * 4096 + 7), "BUS_ADRERR");
	MUST(ftruncate(fd, 2 * 4096));
	CHECK_STR("next page after the file grew", touch(p + 4096), "no fault");
	MUST(ftruncate(fd, 0));
	CHECK_STR("first page after the file was cut", touch(p), "BUS_ADRERR");
	CHECK_ERR("the kernel reading it", write(fd, p, 1), EFAULT);
	return guest_done();
}
