/* A datagram socket pair keeps message boundaries. See socketpair(2), unix(7),
   recv(2). static-too */
#include "guest.h"

int main(void)
{
	int s[2], n = -1;
	char text[32] = "";
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
	MUST(send(s[0], "one", 3, 0));
	MUST(send(s[0], "second", 6, 0));
	MUST(send(s[0], "", 0, 0));
	MUST(send(s[0], "fourth", 6, 0));
	CHECK_EQ("first", recv(s[1], text, sizeof text, 0), 3);
	CHECK_STR("contents", text, "one");
	MUST(ioctl(s[1], FIONREAD, &n));
	CHECK_EQ("FIONREAD is one message", n, 6);
	CHECK_EQ("peek with the true length", recv(s[1], text, 2, MSG_PEEK | MSG_TRUNC), 6);
	struct iovec iov = {text, 2};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	CHECK_EQ("a short buffer", recvmsg(s[1], &m, 0), 2);
	CHECK("says truncated", m.msg_flags & MSG_TRUNC);
	CHECK_EQ("an empty message", recv(s[1], text, sizeof text, 0), 0);
	CHECK_EQ("the rest of the second is gone", recv(s[1], text, sizeof text, 0), 6);
	CHECK_ERR("nothing left", recv(s[1], text, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ("read and write work too", write(s[1], "w", 1), 1);
	CHECK_EQ("read", read(s[0], text, sizeof text), 1);
	MUST(close(s[1]));
	CHECK_ERR("send to a closed peer", send(s[0], "x", 1, MSG_NOSIGNAL), ECONNREFUSED);
	CHECK_ERR("and then", send(s[0], "x", 1, MSG_NOSIGNAL), ENOTCONN);
	return guest_done();
}
