/* Blocked signals stay pending, standard ones once, and are delivered when
   unblocked. See sigprocmask(2), sigpending(2). static-too */
#include "guest.h"

static volatile sig_atomic_t usr1, usr2;

static void handler(int sig) { sig == SIGUSR1 ? usr1++ : usr2++; }

static void child(void)
{
	sigset_t now;
	MUST(sigpending(&now));
	CHECK("child: pending is not inherited", !sigismember(&now, SIGUSR1));
	MUST(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK("child: the mask is", sigismember(&now, SIGUSR1));
}

int main(void)
{
	sigset_t set = guest_set(SIGUSR1, SIGUSR2), old, now;
	guest_on(SIGUSR1, handler, 0);
	guest_on(SIGUSR2, handler, 0);
	CHECK_OK("SIG_BLOCK", sigprocmask(SIG_BLOCK, &set, &old));
	CHECK("not blocked before", !sigismember(&old, SIGUSR1));
	for (int i = 0; i < 3; i++)
		MUST(kill(getpid(), SIGUSR1));
	CHECK_EQ("no handler", usr1, 0);
	MUST(sigpending(&now));
	CHECK("pending", sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
	CHECK_EXIT("child", guest_child(child), 0);
	MUST(kill(getpid(), SIGUSR2));
	sigset_t one = guest_set(SIGUSR1, 0);
	CHECK_OK("SIG_UNBLOCK of one", sigprocmask(SIG_UNBLOCK, &one, NULL));
	CHECK_EQ("delivered once", usr1, 1);
	CHECK_EQ("the other is still blocked", usr2, 0);
	signal(SIGUSR2, SIG_IGN);
	MUST(sigpending(&now));
	CHECK("ignoring drops it", !sigismember(&now, SIGUSR2));
	guest_on(SIGUSR2, handler, 0);
	CHECK_OK("SIG_SETMASK", sigprocmask(SIG_SETMASK, &old, NULL));
	CHECK_EQ("nothing comes", usr2, 0);
	sigfillset(&set);
	MUST(sigprocmask(SIG_SETMASK, &set, NULL));
	MUST(sigprocmask(SIG_SETMASK, &old, &now));
	CHECK("SIGKILL and SIGSTOP cannot be blocked", !sigismember(&now, SIGKILL) && !sigismember(&now, SIGSTOP));
	CHECK("SIGTERM can", sigismember(&now, SIGTERM));
	CHECK_ERR("unknown operation", sigprocmask(77, &set, NULL), EINVAL);
	return guest_done();
}
