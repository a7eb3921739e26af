/* ppoll sets the signal mask for the time of the wait. See poll(2). static-too */
#include "guest.h"

static volatile sig_atomic_t seen;

static void on_signal(int sig) { (void)sig, seen++; }

int main(void)
{
	int p[2];
	struct timespec t = {100, 0}, zero = {0, 0};
	sigset_t none, pending, now, both = guest_set(SIGUSR1, SIGUSR2);
	MUST(pipe(p));
	struct pollfd f = {p[0], POLLIN, 0};
	sigemptyset(&none);
	guest_on(SIGUSR1, on_signal, 0);
	guest_block(SIGUSR1, 0);
	raise(SIGUSR1);
	CHECK_EQ("own mask", ppoll(&f, 1, &zero, NULL), 0);
	CHECK_EQ("no handler", seen, 0);
	CHECK_EQ("a mask that still blocks", ppoll(&f, 1, &zero, &both), 0);
	CHECK_EQ("no handler", seen, 0);
	MUST(write(p[1], "x", 1));
	CHECK_EQ("ready descriptors come first", ppoll(&f, 1, &t, &none), 1);
	MUST(sigpending(&pending));
	CHECK("the signal is still pending", sigismember(&pending, SIGUSR1) && seen == 0);
	MUST(read(p[0], &zero, 1));
	CHECK_ERR("empty mask", ppoll(&f, 1, &t, &none), EINTR);
	CHECK_EQ("handler calls", seen, 1);
	CHECK("the time is left alone", t.tv_sec == 100 && t.tv_nsec == 0);
	MUST(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK("the mask is back", sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2));
	t.tv_sec = -1;
	CHECK_ERR("negative time", ppoll(&f, 1, &t, NULL), EINVAL);
	return guest_done();
}
