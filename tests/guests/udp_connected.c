/* A connected UDP socket sends without an address, receives only from its
   peer, and learns of a closed port. See udp(7), connect(2). static-too */
#include "guest.h"

int main(void)
{
	char text[16] = "";
	int a = guest_bound(SOCK_DGRAM), b = guest_bound(SOCK_DGRAM), other = guest_bound(SOCK_DGRAM);
	struct sockaddr_in to_a = guest_addr(guest_port(a)), to_b = guest_addr(guest_port(b)), got;
	socklen_t len = sizeof got;
	CHECK_OK("connect", connect(a, (struct sockaddr *)&to_b, sizeof to_b));
	MUST(getpeername(a, (struct sockaddr *)&got, &len));
	CHECK("peer", got.sin_port == to_b.sin_port);
	CHECK_EQ("send", send(a, "hi", 2, 0), 2);
	CHECK_EQ("received", recv(b, text, sizeof text, 0), 2);
	MUST(sendto(other, "stranger", 8, 0, (struct sockaddr *)&to_a, sizeof to_a));
	MUST(sendto(b, "peer", 4, 0, (struct sockaddr *)&to_a, sizeof to_a));
	CHECK_EQ("only the peer is heard", recv(a, text, sizeof text, 0), 4);
	CHECK_ERR("nothing else", recv(a, text, sizeof text, MSG_DONTWAIT), EAGAIN);
	struct sockaddr_in to_o = guest_addr(guest_port(other));
	CHECK_EQ("sendto another still works", sendto(a, "x", 1, 0, (struct sockaddr *)&to_o, sizeof to_o), 1);
	CHECK_EQ("received", recv(other, text, sizeof text, 0), 1);
	CHECK_OK("connect elsewhere", connect(a, (struct sockaddr *)&to_o, sizeof to_o));
	struct sockaddr none = {.sa_family = AF_UNSPEC};
	CHECK_OK("disconnect", connect(a, &none, sizeof none));
	CHECK_ERR("no peer any more", send(a, "x", 1, 0), EDESTADDRREQ);
	CHECK_ERR("no peer name", getpeername(a, (struct sockaddr *)&got, &len), ENOTCONN);

	MUST(connect(other, (struct sockaddr *)&to_b, sizeof to_b));
	MUST(close(b));
	CHECK_EQ("send to a closed port", send(other, "x", 1, 0), 1);
	CHECK_EQ("poll", guest_poll(other, 0, -1) & POLLERR, POLLERR);
	CHECK_ERR("recv", recv(other, text, sizeof text, 0), ECONNREFUSED);
	CHECK_ERR("told once", recv(other, text, sizeof text, MSG_DONTWAIT), EAGAIN);
	return guest_done();
}
