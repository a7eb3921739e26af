/* Sequenced packets: boundaries and an end. See socketpair(2), unix(7). static-too */
#include "guest.h"

int main(void)
{
	int s[2];
	char text[32] = "";
	CHECK_OK("socketpair", socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s));
	MUST(send(s[0], "abc", 3, 0));
	MUST(send(s[0], "defgh", 5, 0));
	CHECK_EQ("first", recv(s[1], text, sizeof text, 0), 3);
	CHECK_EQ("part of the second", recv(s[1], text, 2, 0), 2);
	CHECK_ERR("the rest is gone", recv(s[1], text, sizeof text, MSG_DONTWAIT), EAGAIN);
	struct iovec iov[2] = {{(void *)"gathered ", 9}, {(void *)"packet", 6}};
	struct msghdr m = {.msg_iov = iov, .msg_iovlen = 2};
	CHECK_EQ("sendmsg", sendmsg(s[1], &m, 0), 15);
	CHECK_EQ("one packet", recv(s[0], text, sizeof text, 0), 15);
	CHECK_STR("contents", text, "gathered packet");
	MUST(send(s[0], "last", 4, 0));
	MUST(close(s[0]));
	CHECK_EQ("before the end", recv(s[1], text, sizeof text, 0), 4);
	CHECK_EQ("end", recv(s[1], text, sizeof text, 0), 0);
	CHECK_ERR("send to a closed peer", send(s[1], "x", 1, MSG_NOSIGNAL), EPIPE);
	return guest_done();
}
