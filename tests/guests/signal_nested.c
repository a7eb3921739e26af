/* A handler is interrupted by another signal, and a blocked one follows when
   it returns. See sigaction(2), signal(7). static-too */
#include "guest.h"

static char order[64];

static void note(const char *s) { strcat(order, s); }

static void inner(int sig)
{
	(void)sig;
	note("(2)");
}

static void outer(int sig)
{
	note("[1");
	raise(SIGUSR2);
	note("-");
	raise(sig == SIGUSR1 && !strstr(order, "]") ? SIGUSR1 : SIGUSR2); /* itself: blocked until it returns */
	note("1]");
}

static void blocking(int sig)
{
	(void)sig;
	note("<");
	raise(SIGUSR2); /* in sa_mask */
	note(">");
}

int main(void)
{
	struct sigaction sa;
	guest_on(SIGUSR1, outer, 0);
	guest_on(SIGUSR2, inner, 0);
	raise(SIGUSR1);
	CHECK_STR("order", order, "[1(2)-1][1(2)-(2)1]");
	order[0] = 0;
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = blocking;
	sigaddset(&sa.sa_mask, SIGUSR2);
	MUST(sigaction(SIGHUP, &sa, NULL));
	raise(SIGHUP);
	CHECK_STR("order with sa_mask", order, "<>(2)");

	/* two pending at once: the lower is entered first and at once interrupted
	   by the higher */
	order[0] = 0;
	guest_block(SIGUSR1, SIGUSR2);
	guest_on(SIGUSR1, blocking, 0);
	raise(SIGUSR2);
	raise(SIGUSR1);
	sigset_t set = guest_set(SIGUSR1, SIGUSR2);
	MUST(sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK_STR("order of two pending", order, "(2)<(2)>");
	return guest_done();
}
