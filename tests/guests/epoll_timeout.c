/* epoll_wait time-outs, being woken by another thread, and signals: EINTR also
   with SA_RESTART; epoll_pwait's mask. See epoll_wait(2). static-too */
#include "guest.h"

static int p[2];
static volatile sig_atomic_t seen;

static void on_signal(int sig) { (void)sig, seen++; }

static void *later(void *arg)
{
	guest_block(SIGALRM, 0);
	guest_sleep_ms(10);
	guest_write(p[1], "x", 1);
	return arg;
}

int main(void)
{
	char c;
	struct epoll_event ev = {.events = EPOLLIN}, got[2];
	int ep = (int)MUST(epoll_create1(0));
	MUST(pipe(p));
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev));
	CHECK_EQ("0 ms", epoll_wait(ep, got, 2, 0), 0);
	int64_t start = guest_now_ns();
	CHECK_EQ("20 ms", epoll_wait(ep, got, 2, 20), 0);
	CHECK("20 ms passed", guest_now_ns() - start >= 20000000);
	pthread_t t = guest_thread(later, NULL);
	CHECK_EQ("woken", epoll_wait(ep, got, 2, -1), 1);
	guest_join(t);
	MUST(read(p[0], &c, 1));

	guest_on(SIGALRM, on_signal, SA_RESTART);
	guest_tick(10);
	CHECK_ERR("interrupted", epoll_wait(ep, got, 2, 100000), EINTR);
	guest_tick(0);
	CHECK("handler ran", seen > 0);

	sigset_t none;
	sigemptyset(&none);
	guest_on(SIGUSR1, on_signal, 0);
	guest_block(SIGUSR1, 0);
	raise(SIGUSR1);
	seen = 0;
	CHECK_EQ("pending but blocked", epoll_wait(ep, got, 2, 0), 0);
	CHECK_EQ("no handler", seen, 0);
	CHECK_ERR("epoll_pwait unblocks it", epoll_pwait(ep, got, 2, 100000, &none), EINTR);
	CHECK_EQ("handler calls", seen, 1);
	sigset_t now;
	MUST(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK("the mask is back", sigismember(&now, SIGUSR1));
	return guest_done();
}
