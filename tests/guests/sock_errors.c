/* What the socket calls refuse. See socket(2), bind(2), connect(2), send(2),
   accept(2). static-too */
#include "guest.h"

static int sock(int type) { return (int)MUST(socket(AF_INET, type, 0)); }

int main(void)
{
	struct sockaddr_in a = guest_addr(0), u = a;
	char c;
	int p[2];
	MUST(pipe(p));
	CHECK_ERR("unknown family", socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
	CHECK_ERR("unknown type", socket(AF_INET, 77, 0), EINVAL);
	CHECK_ERR("wrong protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	CHECK_ERR("unknown unix protocol", socket(AF_UNIX, SOCK_STREAM, 77), EPROTONOSUPPORT);
	CHECK_ERR("bind a pipe", bind(p[0], (struct sockaddr *)&a, sizeof a), ENOTSOCK);
	CHECK_ERR("connect a pipe", connect(p[0], (struct sockaddr *)&a, sizeof a), ENOTSOCK);
	CHECK_ERR("send on a pipe", send(p[1], "x", 1, 0), ENOTSOCK);
	CHECK_ERR("accept on a pipe", accept(p[0], NULL, NULL), ENOTSOCK);
	CHECK_ERR("bind, short address", bind(sock(SOCK_STREAM), (struct sockaddr *)&a, 4), EINVAL);
	u.sin_family = 99;
	CHECK_ERR("bind, wrong family", bind(sock(SOCK_STREAM), (struct sockaddr *)&u, sizeof u), EAFNOSUPPORT);
	CHECK_ERR("connect, wrong family", connect(sock(SOCK_STREAM), (struct sockaddr *)&u, sizeof u), EAFNOSUPPORT);
	u = a;
	u.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1 is nobody's */
	CHECK_ERR("bind, foreign address", bind(sock(SOCK_STREAM), (struct sockaddr *)&u, sizeof u), EADDRNOTAVAIL);
	CHECK_ERR("bind, bad address", bind(sock(SOCK_STREAM), guest_bad, sizeof a), EFAULT);
	CHECK_ERR("send, not connected", send(sock(SOCK_STREAM), "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_ERR("recv, not connected", recv(sock(SOCK_STREAM), &c, 1, 0), ENOTCONN);
	CHECK_ERR("accept, not listening", accept(sock(SOCK_STREAM), NULL, NULL), EINVAL);
	CHECK_ERR("accept on udp", accept(sock(SOCK_DGRAM), NULL, NULL), EOPNOTSUPP);
	CHECK_ERR("listen on udp", listen(sock(SOCK_DGRAM), 1), EOPNOTSUPP);
	CHECK_ERR("send on udp without address", send(sock(SOCK_DGRAM), "x", 1, 0), EDESTADDRREQ);
	int l = guest_listen(1);
	a = guest_addr(guest_port(l));
	CHECK_ERR("connect a listener", connect(l, (struct sockaddr *)&a, sizeof a), EISCONN);
	int t[2];
	guest_tcp_pair(t);
	CHECK_ERR("connect a connected one", connect(t[0], (struct sockaddr *)&a, sizeof a), EISCONN);
	CHECK_ERR("listen on a connected one", listen(t[0], 1), EINVAL);
	CHECK_ERR("lseek", lseek(t[0], 0, SEEK_SET), ESPIPE);
	CHECK_ERR("accept4, unknown flags", accept4(l, NULL, NULL, 1), EINVAL);
	return guest_done();
}
