/* clock_nanosleep with absolute and relative times; it returns the error
   number itself. See clock_nanosleep(2). static-too */
#include "guest.h"

static void on_alarm(int sig) { (void)sig; }

static struct timespec in_ms(clockid_t id, int ms)
{
	struct timespec t;
	MUST(clock_gettime(id, &t));
	int64_t ns = t.tv_sec * 1000000000LL + t.tv_nsec + ms * 1000000LL;
	return (struct timespec){ns / 1000000000, ns % 1000000000};
}

static int reached(clockid_t id, struct timespec t)
{
	struct timespec now = in_ms(id, 0);
	return now.tv_sec > t.tv_sec || (now.tv_sec == t.tv_sec && now.tv_nsec >= t.tv_nsec);
}

int main(void)
{
	struct timespec t = in_ms(CLOCK_MONOTONIC, 20), left = {7, 7};
	CHECK_RC("monotonic, absolute", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	CHECK("not before its time", reached(CLOCK_MONOTONIC, t));
	CHECK_RC("a time already past", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL), 0);
	t = in_ms(CLOCK_REALTIME, 10);
	CHECK_RC("realtime, absolute", clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, NULL), 0);
	CHECK("not before its time", reached(CLOCK_REALTIME, t));
	t = (struct timespec){0, 10000000};
	int64_t start = guest_now_ns();
	CHECK_RC("boottime, relative", clock_nanosleep(CLOCK_BOOTTIME, 0, &t, NULL), 0);
	CHECK("at least 10 ms passed", guest_now_ns() - start >= 10000000);

	guest_on(SIGALRM, on_alarm, SA_RESTART);
	guest_tick(10);
	t = in_ms(CLOCK_MONOTONIC, 100000);
	CHECK_RC("absolute, interrupted", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, &left), EINTR);
	CHECK("the time left is not written", left.tv_sec == 7 && left.tv_nsec == 7);
	t = (struct timespec){100, 0};
	CHECK_RC("relative, interrupted", clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &left), EINTR);
	CHECK("the time left is written", left.tv_sec < 100 && left.tv_sec >= 1);
	guest_tick(0);

	t.tv_nsec = 1000000000;
	CHECK_RC("bad nanoseconds", clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL), EINVAL);
	t.tv_nsec = 0;
	CHECK_RC("own processor time", clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &t, NULL), EINVAL);
	CHECK_RC("unknown clock", clock_nanosleep(1000, 0, &t, NULL), EINVAL);
	return guest_done();
}
