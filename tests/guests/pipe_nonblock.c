/* Non-blocking pipes: EAGAIN when empty or full, partial writes of more than
   PIPE_BUF only. See pipe(7). static-too */
#include "guest.h"

int main(void)
{
	int p[2];
	static char big[100000], block[4096];
	MUST(pipe2(p, O_NONBLOCK));
	CHECK_ERR("read of an empty pipe", read(p[0], block, 1), EAGAIN);
	CHECK_ERR("zero bytes asked", read(p[0], block, 0) == 0 ? (errno = EAGAIN, -1) : 0, EAGAIN);
	CHECK_EQ("a large write is cut", write(p[1], big, sizeof big), 65536);
	CHECK_ERR("write to a full pipe", write(p[1], big, 1), EAGAIN);
	CHECK_ERR("large write to a full pipe", write(p[1], big, sizeof big), EAGAIN);
	CHECK_EQ("not writable", guest_poll(p[1], POLLOUT, 0), 0);
	CHECK_EQ("read one page", read(p[0], block, sizeof block), 4096);
	CHECK_EQ("writable", guest_poll(p[1], POLLOUT, 0), POLLOUT);
	CHECK_EQ("write one page", write(p[1], block, sizeof block), 4096);
	CHECK_EQ("full again", guest_poll(p[1], POLLOUT, 0), 0);
	CHECK_EQ("drain", guest_read(p[0], big, 65536), 65536);
	CHECK_ERR("empty again", read(p[0], block, 1), EAGAIN);
	MUST(close(p[1]));
	CHECK_EQ("the end is not EAGAIN", read(p[0], block, 1), 0);

	MUST(pipe(p));
	CHECK_EQ("blocking by default", fcntl(p[0], F_GETFL) & O_NONBLOCK, 0);
	guest_nonblock(p[0]);
	CHECK_ERR("switched by fcntl", read(p[0], block, 1), EAGAIN);
	CHECK_EQ("the other end is unchanged", fcntl(p[1], F_GETFL) & O_NONBLOCK, 0);
	int on = 0;
	MUST(ioctl(p[0], FIONBIO, &on));
	CHECK_EQ("switched back by FIONBIO", fcntl(p[0], F_GETFL) & O_NONBLOCK, 0);
	return guest_done();
}
