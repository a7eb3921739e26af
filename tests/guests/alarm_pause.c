/* alarm counts whole seconds on the real-time interval timer; pause returns
   EINTR after a handler ran. See alarm(2), pause(2). static-too */
#include "guest.h"

static volatile sig_atomic_t seen;

static void on_alarm(int sig) { (void)sig, seen = 1; }

int main(void)
{
	struct itimerval it;
	guest_on(SIGALRM, on_alarm, SA_RESTART);
	CHECK_EQ("no alarm before", alarm(100), 0);
	unsigned left = alarm(50);
	CHECK("seconds left of the first", left >= 90 && left <= 100);
	MUST(getitimer(ITIMER_REAL, &it));
	CHECK("the interval timer is the same timer", it.it_value.tv_sec >= 40 && it.it_value.tv_sec <= 50);
	CHECK("alarm does not repeat", it.it_interval.tv_sec == 0 && it.it_interval.tv_usec == 0);
	left = alarm(0);
	CHECK("seconds left of the second", left >= 40 && left <= 50);
	CHECK_EQ("cancelled", alarm(0), 0);
	CHECK_EQ("no handler ran", seen, 0);
	guest_tick(20);
	CHECK_ERR("pause", pause(), EINTR);
	guest_tick(0);
	CHECK_EQ("the handler ran", seen, 1);
	return guest_done();
}
