/* A non-blocking eventfd: EAGAIN at 0 and when the counter would overflow; a
   blocking write waits for room. See eventfd(2). static-too */
#include "guest.h"

static int fd;

static void *reader(void *arg)
{
	uint64_t v;
	guest_sleep_ms(10);
	MUST(read(fd, &v, sizeof v));
	return arg;
}

int main(void)
{
	uint64_t v = 0;
	fd = (int)MUST(eventfd(0, EFD_NONBLOCK));
	CHECK_ERR("read at 0", read(fd, &v, sizeof v), EAGAIN);
	v = ~0ull - 1;
	CHECK_EQ("up to the maximum", write(fd, &v, sizeof v), 8);
	CHECK_EQ("readable only", guest_poll(fd, POLLIN | POLLOUT, 0), POLLIN);
	v = 1;
	CHECK_ERR("one more", write(fd, &v, sizeof v), EAGAIN);
	v = 0;
	CHECK_EQ("0 more", write(fd, &v, sizeof v), 8);
	MUST(fcntl(fd, F_SETFL, 0));
	pthread_t t = guest_thread(reader, NULL);
	v = 7;
	CHECK_EQ("a blocking write waits", write(fd, &v, sizeof v), 8);
	guest_join(t);
	CHECK_EQ("read", read(fd, &v, sizeof v), 8);
	CHECK_EQ("value", v, 7);
	return guest_done();
}
