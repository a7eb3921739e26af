/* SO_RCVTIMEO and SO_SNDTIMEO: EAGAIN after the time, for recv, accept and
   send. See socket(7). static-too */
#include "guest.h"

int main(void)
{
	static char block[65536];
	struct timeval t = {0, 20000}, none = {0, 0};
	int c[2], l = guest_listen(1);
	guest_tcp_pair(c);
	MUST(setsockopt(c[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
	int64_t start = guest_now_ns();
	CHECK_ERR("recv", recv(c[0], block, 1, 0), EAGAIN);
	CHECK("20 ms passed", guest_now_ns() - start >= 20000000);
	CHECK_ERR("read", read(c[0], block, 1), EAGAIN);
	MUST(write(c[1], "abc", 3));
	CHECK_EQ("MSG_WAITALL gives what came", recv(c[0], block, 10, MSG_WAITALL), 3);
	CHECK_EQ("poll is not affected", guest_poll(c[0], POLLIN, 0), 0);
	MUST(setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
	start = guest_now_ns();
	CHECK_ERR("accept", accept(l, NULL, NULL), EAGAIN);
	CHECK("20 ms passed", guest_now_ns() - start >= 20000000);
	MUST(setsockopt(c[0], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t));
	ssize_t n;
	while ((n = send(c[0], block, sizeof block, 0)) > 0)
		;
	CHECK_RC("send into full buffers", errno, EAGAIN);
	MUST(setsockopt(c[0], SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none));
	MUST(shutdown(c[1], SHUT_WR));
	CHECK_EQ("time 0 waits for ever", recv(c[0], block, 1, 0), 0);
	return guest_done();
}
