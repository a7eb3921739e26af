/* Resets: closing with SO_LINGER 0 or with unread data gives the peer
   ECONNRESET, once. See socket(7), tcp(7). static-too */
#include "guest.h"

int main(void)
{
	int t[2];
	char text[8];
	struct linger now = {1, 0};
	signal(SIGPIPE, SIG_IGN);
	guest_tcp_pair(t);
	MUST(setsockopt(t[1], SOL_SOCKET, SO_LINGER, &now, sizeof now));
	MUST(close(t[1]));
	CHECK_ERR("SO_LINGER 0", read(t[0], text, 1), ECONNRESET);
	CHECK_EQ("then the end", read(t[0], text, 1), 0);
	CHECK_ERR("writing", write(t[0], "x", 1), EPIPE);

	guest_tcp_pair(t);
	MUST(write(t[0], "unread", 6));
	CHECK_EQ("it arrived", guest_poll(t[1], POLLIN, -1), POLLIN);
	MUST(close(t[1]));
	CHECK_ERR("closed with unread data", read(t[0], text, 1), ECONNRESET);

	guest_tcp_pair(t);
	MUST(write(t[1], "lost", 4));
	CHECK_EQ("it arrived", guest_poll(t[0], POLLIN, -1), POLLIN);
	MUST(setsockopt(t[1], SOL_SOCKET, SO_LINGER, &now, sizeof now));
	MUST(close(t[1]));
	while (!(guest_poll(t[0], POLLIN, -1) & POLLHUP))
		guest_sleep_ms(1);
	CHECK_STR("poll", guest_events((uint32_t)guest_poll(t[0], POLLIN | POLLOUT | POLLRDHUP, -1)),
		  "IN OUT RDHUP HUP ERR");
	int e = 0;
	socklen_t len = sizeof e;
	MUST(getsockopt(t[0], SOL_SOCKET, SO_ERROR, &e, &len));
	CHECK_RC("SO_ERROR", e, ECONNRESET);
	MUST(getsockopt(t[0], SOL_SOCKET, SO_ERROR, &e, &len));
	CHECK_RC("SO_ERROR is told once", e, 0);
	return guest_done();
}
