/* Running out of a thread's stack faults in its guard page and is caught on an
   alternate stack. See sigaltstack(2), pthread_attr_setguardsize(3). static-too */
#include "guest.h"

static sigjmp_buf back;
static char alt[65536], *low;
static volatile int near_stack;

static void on_segv(int sig, siginfo_t *si, void *context)
{
	(void)sig, (void)context;
	near_stack = (char *)si->si_addr >= low - 4096 && (char *)si->si_addr < low;
	siglongjmp(back, 1);
}

static int deeper(volatile int n)
{
	volatile char frame[512];
	frame[0] = (char)n;
	return n == 0 ? 0 : deeper(n - 1) + frame[0];
}

static void *overflow(void *unused)
{
	(void)unused;
	stack_t ss = {.ss_sp = alt, .ss_size = sizeof alt};
	MUST(sigaltstack(&ss, NULL));
	if (sigsetjmp(back, 1) == 0) {
		deeper(1 << 20);
		return NULL;
	}
	return &low;
}

int main(void)
{
	const size_t size = 128 * 1024;
	char *area = mmap(NULL, size + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t a;
	pthread_t t;
	MUST((long)area);
	low = area + 4096;
	MUST(mprotect(area, 4096, PROT_NONE));
	pthread_attr_init(&a);
	CHECK_RC("own stack", pthread_attr_setstack(&a, low, size), 0);
	guest_on_info(SIGSEGV, on_segv, SA_ONSTACK);
	CHECK_RC("create", pthread_create(&t, &a, overflow, &low), 0);
	CHECK("the overflow was caught", guest_join(t) == &low);
	CHECK_EQ("the fault is in the guard page", near_stack, 1);
	return guest_done();
}
