/* A periodic timerfd: reads give the expirations since the last one, and
   setting it again drops them. See timerfd_create(2). static-too */
#include "guest.h"
#include <sys/timerfd.h>

int main(void)
{
	struct itimerspec it = {{0, 5000000}, {0, 10000000}}, now;
	uint64_t n = 0, total = 0;
	int fd = (int)MUST(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	int64_t start = guest_now_ns();
	MUST(timerfd_settime(fd, 0, &it, NULL));
	MUST(timerfd_gettime(fd, &now));
	CHECK_EQ("interval in ns", now.it_interval.tv_nsec, 5000000);
	CHECK("it is running", now.it_value.tv_nsec > 0);
	guest_sleep_ms(30);
	CHECK_EQ("read", read(fd, &n, sizeof n), 8);
	total = n;
	CHECK("five or more after 30 ms", n >= 5);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ("poll", guest_poll(fd, POLLIN, 5000), POLLIN);
		CHECK_EQ("read", read(fd, &n, sizeof n), 8);
		CHECK("at least one", n >= 1);
		total += n;
	}
	int64_t elapsed = guest_now_ns() - start;
	CHECK("never more than time allows", (int64_t)(total - 1) * 5000000 + 10000000 <= elapsed);
	guest_sleep_ms(6);
	it.it_value.tv_sec = 100;
	MUST(timerfd_settime(fd, 0, &it, NULL));
	CHECK_ERR("setting it again drops what expired", read(fd, &n, sizeof n), EAGAIN);
	return guest_done();
}
