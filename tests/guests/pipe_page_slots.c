/* A full pipe becomes writable by whole pages: reading part of one is not
   enough; small writes share a page. See pipe(7). static-too */
#include "guest.h"

int main(void)
{
	int p[2], small = 0;
	static char block[4096];
	MUST(pipe2(p, O_NONBLOCK));
	while (write(p[1], block, 4096) > 0)
		;
	CHECK_EQ("read part of a page", read(p[0], block, 100), 100);
	CHECK_ERR("still full", write(p[1], block, 10), EAGAIN);
	CHECK_EQ("poll agrees", guest_poll(p[1], POLLOUT, 0), 0);
	CHECK_EQ("read the rest of it", read(p[0], block, 3996), 3996);
	CHECK_EQ("poll", guest_poll(p[1], POLLOUT, 0), POLLOUT);
	while (write(p[1], block, 100) > 0)
		small++;
	CHECK_EQ("writes of 100 bytes that fit in one page", small, 40);
	CHECK_EQ("one that fits the rest of it", write(p[1], block, 96), 96);
	CHECK_ERR("and no more", write(p[1], block, 1), EAGAIN);
	return guest_done();
}
