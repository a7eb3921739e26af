/* A one-shot timerfd: read blocks until it expires and returns the count 1.
   See timerfd_create(2). static-too */
#include "guest.h"
#include <sys/timerfd.h>

int main(void)
{
	struct itimerspec it = {{0, 0}, {0, 20000000}}, now;
	uint64_t n = 0;
	int fd = (int)CHECK_OK("create", timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	CHECK("close-on-exec", fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK_EQ("not ready while disarmed", guest_poll(fd, POLLIN, 0), 0);
	int64_t start = guest_now_ns();
	CHECK_OK("arm", timerfd_settime(fd, 0, &it, NULL));
	CHECK_EQ("read blocks", read(fd, &n, sizeof n), 8);
	CHECK("at least 20 ms passed", guest_now_ns() - start >= 20000000);
	CHECK_EQ("expirations", n, 1);
	CHECK_OK("gettime", timerfd_gettime(fd, &now));
	CHECK("disarmed after it expired", now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0);

	guest_nonblock(fd);
	CHECK_ERR("nothing more to read", read(fd, &n, sizeof n), EAGAIN);
	it.it_value.tv_sec = 100;
	MUST(timerfd_settime(fd, 0, &it, NULL));
	CHECK_ERR("not expired yet", read(fd, &n, sizeof n), EAGAIN);
	it.it_value.tv_sec = 0, it.it_value.tv_nsec = 0;
	CHECK_OK("disarm", timerfd_settime(fd, 0, &it, &now));
	CHECK("the old setting is returned", now.it_value.tv_sec >= 90 && now.it_value.tv_sec <= 100);

	it.it_value.tv_nsec = 1; /* a moment long past, on the absolute clock */
	CHECK_OK("absolute, in the past", timerfd_settime(fd, TFD_TIMER_ABSTIME, &it, NULL));
	CHECK_EQ("ready", guest_poll(fd, POLLIN, 5000), POLLIN);
	CHECK_EQ("read", read(fd, &n, sizeof n), 8);
	CHECK_EQ("expirations", n, 1);
	return guest_done();
}
