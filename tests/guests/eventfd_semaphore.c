/* EFD_SEMAPHORE: each read takes one. See eventfd(2). static-too */
#include "guest.h"

static int fd, total;

static void *taker(void *arg)
{
	uint64_t v;
	for (int i = 0; i < 50; i++)
		if (read(fd, &v, sizeof v) == 8 && v == 1)
			__atomic_add_fetch(&total, 1, __ATOMIC_SEQ_CST);
	return arg;
}

int main(void)
{
	uint64_t v;
	fd = (int)MUST(eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK));
	for (int i = 0; i < 3; i++) {
		v = 0;
		CHECK_EQ("read", read(fd, &v, sizeof v), 8);
		CHECK_EQ("value", v, 1);
	}
	CHECK_ERR("empty", read(fd, &v, sizeof v), EAGAIN);
	MUST(close(fd));

	fd = (int)MUST(eventfd(0, EFD_SEMAPHORE));
	pthread_t t[3];
	for (int i = 0; i < 3; i++)
		t[i] = guest_thread(taker, NULL);
	for (int i = 0; i < 15; i++) {
		v = 10;
		MUST(write(fd, &v, sizeof v));
	}
	for (int i = 0; i < 3; i++)
		guest_join(t[i]);
	CHECK_EQ("taken by three threads", total, 150);
	CHECK_EQ("none left", guest_poll(fd, POLLIN, 0), 0);
	return guest_done();
}
