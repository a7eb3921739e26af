/* What timerfd calls refuse. See timerfd_create(2). static-too */
#include "guest.h"
#include <sys/timerfd.h>

int main(void)
{
	struct itimerspec it = {{0, 0}, {0, 1000000}};
	uint64_t n = 0;
	CHECK_ERR("unknown clock", timerfd_create(1000, 0), EINVAL);
	CHECK_ERR("processor time", timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0), EINVAL);
	CHECK_ERR("unknown flags", timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
	CHECK_OK("realtime", timerfd_create(CLOCK_REALTIME, 0));
	CHECK_OK("boottime", timerfd_create(CLOCK_BOOTTIME, 0));
	int fd = (int)MUST(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	CHECK("non-blocking", fcntl(fd, F_GETFL) & O_NONBLOCK);
	it.it_value.tv_nsec = 1000000000;
	CHECK_ERR("bad nanoseconds", timerfd_settime(fd, 0, &it, NULL), EINVAL);
	it.it_value.tv_nsec = 1000000, it.it_interval.tv_nsec = -1;
	CHECK_ERR("bad interval", timerfd_settime(fd, 0, &it, NULL), EINVAL);
	it.it_interval.tv_nsec = 0;
	CHECK_ERR("unknown settime flags", timerfd_settime(fd, 1 << 20, &it, NULL), EINVAL);
	CHECK_ERR("bad descriptor", timerfd_settime(-1, 0, &it, NULL), EBADF);
	CHECK_ERR("another kind of descriptor", timerfd_settime(eventfd(0, 0), 0, &it, NULL), EINVAL);
	CHECK_ERR("gettime of another kind", timerfd_gettime(eventfd(0, 0), &it), EINVAL);
	CHECK_ERR("bad address", syscall(SYS_timerfd_settime, fd, 0, guest_bad, NULL), EFAULT);
	it.it_value.tv_nsec = 1;
	MUST(timerfd_settime(fd, 0, &it, NULL));
	CHECK_EQ("ready", guest_poll(fd, POLLIN, 5000), POLLIN);
	CHECK_ERR("short buffer", read(fd, &n, 4), EINVAL);
	CHECK_EQ("the expiration is still there", read(fd, &n, sizeof n), 8);
	CHECK_ERR("write", write(fd, &n, sizeof n), EINVAL);
	return guest_done();
}
