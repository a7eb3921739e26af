/* SA_NODEFER: the handler can be entered again while it runs. See sigaction(2). static-too */
#include "guest.h"

static volatile sig_atomic_t depth, deepest, calls;

static void handler(int sig)
{
	calls++;
	if (++depth > deepest)
		deepest = depth;
	if (calls < 4)
		raise(sig);
	depth--;
}

int main(void)
{
	guest_on(SIGUSR1, handler, 0);
	raise(SIGUSR1);
	CHECK_EQ("without: calls", calls, 4);
	CHECK_EQ("without: depth", deepest, 1);
	calls = deepest = 0;
	guest_on(SIGUSR1, handler, SA_NODEFER);
	raise(SIGUSR1);
	CHECK_EQ("with: calls", calls, 4);
	CHECK_EQ("with: depth", deepest, 4);
	struct sigaction sa;
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = handler;
	sa.sa_flags = SA_NODEFER;
	sigaddset(&sa.sa_mask, SIGUSR1);
	MUST(sigaction(SIGUSR1, &sa, NULL));
	calls = deepest = 0;
	raise(SIGUSR1);
	CHECK_EQ("itself in sa_mask: calls", calls, 4);
	CHECK_EQ("itself in sa_mask: depth", deepest, 1);
	return guest_done();
}
