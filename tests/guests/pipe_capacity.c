/* How much a pipe holds, asking and changing it, and draining a full one in
   order. See pipe(7), fcntl(2). static-too */
#include "guest.h"

int main(void)
{
	int p[2], n = 0, wrong = 0;
	unsigned char block[4096];
	MUST(pipe2(p, O_NONBLOCK));
	CHECK_EQ("F_GETPIPE_SZ", fcntl(p[0], F_GETPIPE_SZ), 65536);
	int total = 0;
	ssize_t w;
	for (;; n++) {
		memset(block, n, sizeof block);
		if ((w = write(p[1], block, sizeof block)) == -1)
			break;
		total += (int)w;
	}
	CHECK_RC("stopped by", errno, EAGAIN);
	CHECK_EQ("filled", total, 65536);
	MUST(ioctl(p[0], FIONREAD, &n));
	CHECK_EQ("FIONREAD", n, 65536);
	CHECK_ERR("shrinking a full pipe", fcntl(p[1], F_SETPIPE_SZ, 4096), EBUSY);
	CHECK_EQ("growing it", fcntl(p[1], F_SETPIPE_SZ, 131072), 131072);
	CHECK_EQ("there is room", guest_poll(p[1], POLLOUT, 0), POLLOUT);
	for (int i = 0; i < 16; i++) {
		MUST(read(p[0], block, sizeof block));
		for (int k = 0; k < 4096; k++)
			wrong += block[k] != i;
	}
	CHECK_EQ("bytes out of order", wrong, 0);
	CHECK_ERR("drained", read(p[0], block, 1), EAGAIN);
	CHECK_EQ("shrinking rounds up to a page", fcntl(p[1], F_SETPIPE_SZ, 100), 4096);
	CHECK_EQ("one page fits", write(p[1], block, 4096), 4096);
	CHECK_ERR("not one byte more", write(p[1], block, 1), EAGAIN);
	CHECK_ERR("not a pipe", fcntl(eventfd(0, 0), F_GETPIPE_SZ), EBADF);
	return guest_done();
}
