/* gettimeofday, time and CLOCK_REALTIME tell the same time. See
   gettimeofday(2), time(2). static-too */
#include "guest.h"

int main(void)
{
	struct timeval tv;
	struct timespec ts;
	time_t stored = 0;
	time_t a = time(NULL);
	CHECK_OK("gettimeofday", gettimeofday(&tv, NULL));
	CHECK_OK("clock_gettime", clock_gettime(CLOCK_REALTIME, &ts));
	time_t b = time(&stored);
	CHECK("time stores what it returns", stored == b);
	CHECK("a time after the epoch", a > 0);
	CHECK("time goes on", b >= a);
	/* time(2) may lag by one clock tick */
	CHECK("gettimeofday agrees", tv.tv_sec >= a && tv.tv_sec <= b + 1);
	CHECK("CLOCK_REALTIME agrees", ts.tv_sec >= a && ts.tv_sec <= b + 1);
	CHECK("CLOCK_REALTIME is not before gettimeofday",
	      ts.tv_sec > tv.tv_sec || (ts.tv_sec == tv.tv_sec && ts.tv_nsec / 1000 >= tv.tv_usec));
	CHECK("microseconds in range", tv.tv_usec >= 0 && tv.tv_usec < 1000000);
	CHECK_OK("coarse clock", clock_gettime(CLOCK_REALTIME_COARSE, &ts));
	CHECK("coarse clock agrees", ts.tv_sec >= a && ts.tv_sec <= b + 1);
	CHECK("the system call agrees", syscall(SYS_time, NULL) >= a);
	return guest_done();
}
