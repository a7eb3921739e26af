/* Interval timers that count processor time. See setitimer(2). static-too */
#include "guest.h"
#include <sys/time.h>

static volatile sig_atomic_t virtual, prof;

static void on(int sig)
{
	if (sig == SIGVTALRM)
		virtual++;
	else
		prof++;
}

int main(void)
{
	struct itimerval t = {{0, 2000}, {0, 5000}}, old;
	guest_on(SIGVTALRM, on, 0);
	guest_on(SIGPROF, on, 0);
	CHECK_OK("ITIMER_VIRTUAL", setitimer(ITIMER_VIRTUAL, &t, NULL));
	MUST(getitimer(ITIMER_VIRTUAL, &old));
	CHECK_EQ("period", old.it_interval.tv_usec, 2000);
	CHECK("left", old.it_value.tv_sec == 0 && old.it_value.tv_usec > 0 && old.it_value.tv_usec <= 9000);
	usleep(20000);
	CHECK_EQ("sleeping does not count", virtual, 0);
	while (virtual < 3)
		getppid();
	CHECK("it came again and again", virtual >= 3);
	t = (struct itimerval){{0, 0}, {0, 0}};
	MUST(setitimer(ITIMER_VIRTUAL, &t, &old));
	CHECK_EQ("period of the old one", old.it_interval.tv_usec, 2000);
	t.it_value.tv_usec = 3000;
	CHECK_OK("ITIMER_PROF", setitimer(ITIMER_PROF, &t, NULL));
	while (prof == 0)
		getppid();
	MUST(getitimer(ITIMER_PROF, &old));
	CHECK("once", prof == 1 && old.it_value.tv_sec == 0 && old.it_value.tv_usec == 0);
	CHECK_ERR("no such timer", setitimer(3, &t, NULL), EINVAL);
	return guest_done();
}
