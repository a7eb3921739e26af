/* Leaving a handler by siglongjmp: the saved mask is restored or not, as asked
   of sigsetjmp. See setjmp(3). static-too */
#include "guest.h"

static sigjmp_buf env;

static void handler(int sig) { siglongjmp(env, sig == SIGUSR1 ? 5 : 0); }

static int blocked(int sig)
{
	sigset_t now;
	MUST(sigprocmask(SIG_BLOCK, NULL, &now));
	return sigismember(&now, sig);
}

int main(void)
{
	volatile int rounds = 0;
	int r;
	guest_on(SIGUSR1, handler, 0);
	guest_on(SIGALRM, handler, 0);
	if ((r = sigsetjmp(env, 1)) == 0)
		raise(SIGUSR1);
	CHECK_EQ("value", r, 5);
	CHECK_EQ("mask saved: unblocked", blocked(SIGUSR1), 0);
	if ((r = sigsetjmp(env, 0)) == 0)
		raise(SIGUSR1);
	CHECK_EQ("mask not saved: still blocked", blocked(SIGUSR1), 1);
	sigset_t set = guest_set(SIGUSR1, 0);
	MUST(sigprocmask(SIG_UNBLOCK, &set, NULL));
	sigsetjmp(env, 1);
	if (++rounds < 100)
		raise(SIGUSR1);
	CHECK_EQ("a hundred jumps", rounds, 100);
	guest_tick(10);
	if ((r = sigsetjmp(env, 1)) == 0)
		for (;;)
			pause();
	guest_tick(0);
	CHECK_EQ("value 0 becomes 1", r, 1);
	puts("jumped out of pause");
	return guest_done();
}
