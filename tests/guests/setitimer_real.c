/* ITIMER_REAL sends SIGALRM, once or periodically. See setitimer(2). static-too */
#include "guest.h"

static volatile sig_atomic_t seen;

static void on_alarm(int sig) { (void)sig, seen++; }

static void wait_for(int n)
{
	sigset_t none;
	sigemptyset(&none);
	while (seen < n)
		sigsuspend(&none);
}

int main(void)
{
	struct itimerval it = {{0, 0}, {0, 20000}}, old;
	guest_on(SIGALRM, on_alarm, 0);
	guest_block(SIGALRM, 0);
	int64_t start = guest_now_ns();
	CHECK_OK("one shot", setitimer(ITIMER_REAL, &it, NULL));
	wait_for(1);
	CHECK("at least 20 ms passed", guest_now_ns() - start >= 20000000);
	MUST(getitimer(ITIMER_REAL, &old));
	CHECK("disarmed after one shot", old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);

	it.it_interval.tv_usec = it.it_value.tv_usec = 5000;
	start = guest_now_ns();
	CHECK_OK("periodic", setitimer(ITIMER_REAL, &it, NULL));
	wait_for(4);
	CHECK("three periods passed", guest_now_ns() - start >= 15000000);
	MUST(getitimer(ITIMER_REAL, &old));
	CHECK_EQ("interval in us", old.it_interval.tv_usec, 5000);
	memset(&it, 0, sizeof it);
	it.it_value.tv_sec = 100;
	CHECK_OK("replace", setitimer(ITIMER_REAL, &it, &old));
	CHECK_EQ("old interval in us", old.it_interval.tv_usec, 5000);
	it.it_value.tv_sec = 0;
	CHECK_OK("disarm", setitimer(ITIMER_REAL, &it, &old));
	CHECK("old value", old.it_value.tv_sec >= 90 && old.it_value.tv_sec <= 100);

	it.it_value.tv_usec = 1000000;
	CHECK_ERR("bad microseconds", setitimer(ITIMER_REAL, &it, NULL), EINVAL);
	it.it_value.tv_usec = 0;
	CHECK_ERR("unknown timer", setitimer(99, &it, NULL), EINVAL);
	CHECK_ERR("unknown timer, get", getitimer(99, &it), EINVAL);
	return guest_done();
}
