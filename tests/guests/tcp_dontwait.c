/* MSG_DONTWAIT: EAGAIN instead of waiting, for receiving and for sending into
   full buffers. See recv(2), send(2). static-too */
#include "guest.h"

int main(void)
{
	static char block[65536];
	int t[2];
	long sent = 0, got = 0;
	ssize_t n;
	guest_tcp_pair(t);
	CHECK_ERR("recv", recv(t[0], block, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ("the socket stays blocking", fcntl(t[0], F_GETFL) & O_NONBLOCK, 0);
	/* fill until nothing more was taken for a while */
	for (int idle = 0; idle < 5;) {
		if ((n = send(t[0], block, sizeof block, MSG_DONTWAIT)) > 0)
			sent += n, idle = 0;
		else if (errno == EAGAIN)
			idle++, guest_sleep_ms(1);
		else
			MUST(n);
	}
	CHECK_RC("send into full buffers", errno, EAGAIN);
	CHECK_EQ("not writable", guest_poll(t[0], POLLOUT, 0), 0);
	CHECK("something was taken", sent > 0);
	while (got < sent && (n = recv(t[1], block, sizeof block, 0)) > 0)
		got += n;
	CHECK("all of it arrived", got == sent);
	CHECK_ERR("nothing more", recv(t[1], block, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ("writable again", guest_poll(t[0], POLLOUT, -1), POLLOUT);
	return guest_done();
}
