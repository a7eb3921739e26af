/* A stream socket pair: both directions, end, shutdown, EPIPE, and unread data
   turning into ECONNRESET. See socketpair(2), unix(7). static-too */
#include "guest.h"

int main(void)
{
	int s[2];
	char text[32] = "";
	CHECK_OK("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	MUST(write(s[0], "to", 2));
	MUST(send(s[0], "gether", 6, 0));
	CHECK_EQ("no boundaries", read(s[1], text, sizeof text), 8);
	CHECK_STR("contents", text, "together");
	MUST(write(s[1], "back", 4));
	CHECK_EQ("the other way", recv(s[0], text, 4, MSG_WAITALL), 4);
	CHECK_OK("shutdown writing", shutdown(s[0], SHUT_WR));
	CHECK_EQ("the peer sees the end", read(s[1], text, 1), 0);
	CHECK_ERR("writing afterwards", send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ("the other way is open", write(s[1], "still", 5), 5);
	CHECK_EQ("read", read(s[0], text, sizeof text), 5);
	MUST(close(s[1]));
	CHECK_EQ("end", read(s[0], text, 1), 0);

	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	MUST(write(s[1], "last words", 10));
	MUST(close(s[1]));
	CHECK_ERR("send to a closed peer", send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ("what it sent is there", read(s[0], text, sizeof text), 10);
	CHECK_EQ("end", read(s[0], text, 1), 0);
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	MUST(write(s[0], "unread", 6));
	MUST(close(s[1]));
	CHECK_ERR("closed with unread data", read(s[0], text, 1), ECONNRESET);
	CHECK_EQ("told once", read(s[0], text, 1), 0);

	CHECK_OK("flags", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s));
	CHECK_ERR("non-blocking", read(s[0], text, 1), EAGAIN);
	CHECK_EQ("close-on-exec", fcntl(s[1], F_GETFD), FD_CLOEXEC);
	CHECK_ERR("not for AF_INET", socketpair(AF_INET, SOCK_STREAM, 0, s), EOPNOTSUPP);
	return guest_done();
}
