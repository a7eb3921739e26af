/* A fault whose signal is blocked or ignored ends the process all the same.
   See sigprocmask(2), sigaction(2). static-too */
#include "guest.h"

static void fault(void)
{
	guest_no_core();
	*(volatile char *)guest_bad = 1;
}

static void blocked(void)
{
	guest_block(SIGSEGV, 0);
	fault();
}

static void ignored(void)
{
	signal(SIGSEGV, SIG_IGN);
	fault();
}

static void again(int sig)
{
	(void)sig;
	fault(); /* SIGSEGV is blocked in its own handler */
}

static void nested(void)
{
	guest_on(SIGSEGV, again, 0);
	fault();
}

static void sent(void)
{
	signal(SIGSEGV, SIG_IGN);
	raise(SIGSEGV); /* sent, not a fault: ignored */
}

static void divide(void)
{
	volatile int zero = 0, one = 1;
	guest_no_core();
	one = one / zero;
}

static void aborted(void)
{
	guest_no_core();
	signal(SIGABRT, SIG_IGN);
	abort();
}

int main(void)
{
	CHECK_KILLED("default", guest_child(fault), SIGSEGV);
	CHECK_KILLED("blocked", guest_child(blocked), SIGSEGV);
	CHECK_KILLED("ignored", guest_child(ignored), SIGSEGV);
	CHECK_KILLED("again in the handler", guest_child(nested), SIGSEGV);
	CHECK_EXIT("only sent, and ignored", guest_child(sent), 0);
	CHECK_KILLED("division by zero", guest_child(divide), SIGFPE);
	CHECK_KILLED("abort with SIGABRT ignored", guest_child(aborted), SIGABRT);
	return guest_done();
}
