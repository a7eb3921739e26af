/* Real-time signals queue, in order, with values; standard ones do not and come
   first. See signal(7), sigqueue(3). static-too */
#include "guest.h"

static int got[16], n;

static void handler(int sig, siginfo_t *si, void *context)
{
	(void)sig, (void)context;
	got[n++] = si->si_value.sival_int;
}

int main(void)
{
	const int a = SIGRTMIN, b = SIGRTMIN + 1;
	struct timespec zero = {0, 0};
	sigset_t set = guest_set(a, b);
	siginfo_t si;
	char text[100] = "";
	sigaddset(&set, SIGUSR1);
	MUST(sigprocmask(SIG_BLOCK, &set, NULL));
	const struct { int sig, value; } send[] = {{b, 1}, {a, 2}, {SIGUSR1, 3}, {b, 4}, {a, 5}, {SIGUSR1, 6}, {a, 7}};
	for (int i = 0; i < 7; i++)
		MUST(sigqueue(getpid(), send[i].sig, (union sigval){.sival_int = send[i].value}));
	for (int sig; (sig = sigtimedwait(&set, &si, &zero)) > 0;)
		sprintf(text + strlen(text), " %s:%d", sig == a ? "a" : sig == b ? "b" : "usr1", si.si_value.sival_int);
	CHECK_STR("taken", text, " usr1:3 a:2 a:5 a:7 b:1 b:4");
	guest_on_info(a, handler, 0);
	for (int i = 0; i < 10; i++)
		MUST(sigqueue(getpid(), a, (union sigval){.sival_int = i}));
	MUST(sigprocmask(SIG_UNBLOCK, &set, NULL));
	CHECK_EQ("handled", n, 10);
	int order = 1;
	for (int i = 0; i < 10; i++)
		order = order && got[i] == i;
	CHECK("in order", order);
	CHECK_ERR("sigqueue to nobody", sigqueue(0x7ffffff0, a, (union sigval){0}), ESRCH);
	CHECK_ERR("bad signal", sigqueue(getpid(), 65, (union sigval){0}), EINVAL);
	CHECK("at least twenty real-time signals", SIGRTMAX - SIGRTMIN >= 20);
	return guest_done();
}
