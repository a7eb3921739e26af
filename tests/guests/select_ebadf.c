/* select and pselect errors; pselect's mask. See select(2). static-too */
#include "guest.h"

static volatile sig_atomic_t seen;

static void on_signal(int sig) { (void)sig, seen++; }

int main(void)
{
	fd_set r;
	struct timeval tv = {0, 0};
	struct timespec ts = {100, 0};
	sigset_t none;
	/* select looks no further than the table of descriptors reaches, which a process inherits: let it reach 200. */
	CHECK_EQ("a descriptor of 200", dup2(STDOUT_FILENO, 200), 200);
	close(200);
	FD_ZERO(&r);
	FD_SET(200, &r);
	CHECK_ERR("closed descriptor", select(201, &r, NULL, NULL, &tv), EBADF);
	CHECK("the set is unchanged", FD_ISSET(200, &r));
	CHECK_ERR("negative nfds", select(-1, NULL, NULL, NULL, &tv), EINVAL);
	tv.tv_usec = -1;
	CHECK_ERR("negative time", select(0, NULL, NULL, NULL, &tv), EINVAL);
	CHECK_ERR("set at a bad address", select(1, guest_bad, NULL, NULL, NULL), EFAULT);
	guest_on(SIGALRM, on_signal, SA_RESTART);
	guest_tick(10);
	CHECK_ERR("interrupted, even with SA_RESTART", select(0, NULL, NULL, NULL, NULL), EINTR);
	guest_tick(0);

	sigemptyset(&none);
	guest_on(SIGUSR1, on_signal, 0);
	guest_block(SIGUSR1, 0);
	raise(SIGUSR1);
	seen = 0;
	CHECK_ERR("pselect unblocks", pselect(0, NULL, NULL, NULL, &ts, &none), EINTR);
	CHECK_EQ("handler calls", seen, 1);
	CHECK("pselect leaves the time alone", ts.tv_sec == 100 && ts.tv_nsec == 0);
	ts.tv_nsec = 1000000000;
	CHECK_ERR("pselect, bad time", pselect(0, NULL, NULL, NULL, &ts, NULL), EINVAL);
	return guest_done();
}
