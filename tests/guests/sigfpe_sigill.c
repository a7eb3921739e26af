/* Hardware faults as signals: division by zero, an illegal instruction, a
   breakpoint, a non-canonical address (x86-64). See sigaction(2). static-too */
#include "guest.h"
#include <ucontext.h>

static sigjmp_buf back;
static siginfo_t si;
static volatile int caught;

static void handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	si = *info;
	caught = sig;
	siglongjmp(back, 1);
}

static void skip(int sig, siginfo_t *info, void *context)
{
	ucontext_t *u = context;
	(void)info;
	caught = sig;
	u->uc_mcontext.gregs[REG_RIP] += 2; /* over the two bytes of ud2 */
}

int main(void)
{
	volatile int zero = 0, one = 1;
	const int sigs[] = {SIGFPE, SIGILL, SIGTRAP, SIGSEGV};
	for (int i = 0; i < 4; i++)
		guest_on_info(sigs[i], handler, 0);
	if (sigsetjmp(back, 1) == 0)
		one = one / zero;
	CHECK("division: SIGFPE", caught == SIGFPE && si.si_signo == SIGFPE);
	CHECK("si_code FPE_INTDIV", si.si_code == FPE_INTDIV);
	CHECK("si_addr is set", si.si_addr != NULL);
	if (sigsetjmp(back, 1) == 0)
		__asm__ volatile("ud2");
	CHECK("ud2: SIGILL", caught == SIGILL);
	CHECK("si_code ILL_ILLOPN", si.si_code == ILL_ILLOPN);
	if (sigsetjmp(back, 1) == 0)
		__asm__ volatile("int3");
	CHECK("int3: SIGTRAP", caught == SIGTRAP);
	CHECK("si_code SI_KERNEL", si.si_code == SI_KERNEL);
	if (sigsetjmp(back, 1) == 0)
		*(volatile char *)((uintptr_t)guest_bad << 60);
	CHECK("non-canonical address: SIGSEGV", caught == SIGSEGV);
	CHECK("si_code SI_KERNEL, no address", si.si_code == SI_KERNEL && si.si_addr == NULL);
	if (sigsetjmp(back, 1) == 0)
		__asm__ volatile("hlt");
	CHECK("privileged instruction: SIGSEGV", caught == SIGSEGV && si.si_code == SI_KERNEL);
	guest_on_info(SIGILL, skip, 0);
	caught = 0;
	__asm__ volatile("ud2" ::: "memory");
	CHECK("a handler can step over the instruction", caught == SIGILL);
	return guest_done();
}
