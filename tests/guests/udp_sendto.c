/* UDP datagrams: boundaries, sender's address, truncation, empty ones, too
   large ones. See udp(7), recv(2), send(2). static-too */
#include "guest.h"

int main(void)
{
	static char big[70000];
	char text[32] = "";
	int a = guest_bound(SOCK_DGRAM), b = guest_bound(SOCK_DGRAM), n = -1;
	struct sockaddr_in to = guest_addr(guest_port(b)), from;
	struct sockaddr *dst = (struct sockaddr *)&to;
	socklen_t len = sizeof from;
	CHECK_EQ("sendto", sendto(a, "hello", 5, 0, dst, sizeof to), 5);
	CHECK_EQ("recvfrom", recvfrom(b, text, sizeof text, 0, (struct sockaddr *)&from, &len), 5);
	CHECK_STR("contents", text, "hello");
	CHECK_EQ("length of the address", len, sizeof from);
	CHECK("sender", ntohs(from.sin_port) == guest_port(a) && from.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	MUST(sendto(a, "longer one", 10, 0, dst, sizeof to));
	MUST(sendto(a, "", 0, 0, dst, sizeof to));
	MUST(sendto(a, "end", 3, 0, dst, sizeof to));
	CHECK_EQ("poll", guest_poll(b, POLLIN, -1), POLLIN);
	MUST(ioctl(b, FIONREAD, &n));
	CHECK_EQ("FIONREAD is one datagram", n, 10);
	CHECK_EQ("peek", recv(b, text, 4, MSG_PEEK), 4);
	CHECK_EQ("a short buffer", recv(b, text, 6, MSG_TRUNC), 10);
	CHECK_EQ("an empty one", recv(b, text, sizeof text, 0), 0);
	CHECK_EQ("the last", recv(b, text, sizeof text, 0), 3);
	CHECK_ERR("nothing left", recv(b, text, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_ERR("too large", sendto(a, big, sizeof big, 0, dst, sizeof to), EMSGSIZE);
	CHECK_EQ("60000 bytes", sendto(a, big, 60000, 0, dst, sizeof to), 60000);
	CHECK_EQ("received", recv(b, big, sizeof big, 0), 60000);
	to = guest_addr(0);
	CHECK_ERR("port 0", sendto(a, "x", 1, 0, dst, sizeof to), EINVAL);
	int c = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	to = guest_addr(guest_port(b));
	MUST(sendto(c, "x", 1, 0, dst, sizeof to));
	CHECK("sending chooses a port", guest_port(c) > 0);
	CHECK_ERR("bind in use", bind(c = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0)), dst, sizeof to), EADDRINUSE);
	return guest_done();
}
