/* eventfd: writes add up, a read takes all; sizes and errors. See eventfd(2). static-too */
#include "guest.h"

static int fd;

static void *adder(void *arg)
{
	uint64_t v = 5;
	guest_sleep_ms(10);
	MUST(write(fd, &v, sizeof v));
	return arg;
}

int main(void)
{
	uint64_t v = 3;
	char big[16];
	fd = (int)CHECK_OK("eventfd", eventfd(2, EFD_CLOEXEC));
	CHECK_EQ("close-on-exec", fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ("write", write(fd, &v, sizeof v), 8);
	CHECK_EQ("read", read(fd, &v, sizeof v), 8);
	CHECK_EQ("value", v, 5);
	CHECK_EQ("not readable at 0", guest_poll(fd, POLLIN | POLLOUT, 0), POLLOUT);
	pthread_t t = guest_thread(adder, NULL);
	CHECK_EQ("read waits", read(fd, &v, sizeof v), 8);
	CHECK_EQ("value", v, 5);
	guest_join(t);
	CHECK_ERR("short read", read(fd, &v, 7), EINVAL);
	CHECK_ERR("short write", write(fd, &v, 7), EINVAL);
	v = 0;
	CHECK_EQ("write of 0", write(fd, &v, sizeof v), 8);
	CHECK_EQ("leaves it at 0", guest_poll(fd, POLLIN, 0), 0);
	v = ~0ull;
	CHECK_ERR("write of all ones", write(fd, &v, sizeof v), EINVAL);
	v = 1;
	MUST(write(fd, &v, sizeof v));
	CHECK_EQ("a longer buffer gives eight bytes", read(fd, big, sizeof big), 8);
	CHECK_ERR("unknown flags", eventfd(0, 1 << 20), EINVAL);
	MUST(eventfd_write(fd, 9));
	MUST(eventfd_read(fd, &v));
	CHECK_EQ("library calls", v, 9);
	return guest_done();
}
