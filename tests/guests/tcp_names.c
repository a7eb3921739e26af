/* getsockname and getpeername before, during and after a connection. See
   getsockname(2), getpeername(2). static-too */
#include "guest.h"

static struct sockaddr_in name(int fd, int (*get)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;
	MUST(get(fd, (struct sockaddr *)&a, &len));
	MUST(len == sizeof a ? 0 : -1);
	return a;
}

static int same(struct sockaddr_in a, struct sockaddr_in b)
{
	return a.sin_family == b.sin_family && a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
}

static int own(int fd, struct sockaddr *a, socklen_t *n) { return getsockname(fd, a, n); }
static int peer(int fd, struct sockaddr *a, socklen_t *n) { return getpeername(fd, a, n); }

int main(void)
{
	struct sockaddr_in a, from;
	socklen_t len = sizeof a;
	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0)), t[2];
	a = name(fd, own);
	CHECK("unbound: no address, no port", a.sin_family == AF_INET && a.sin_port == 0 && a.sin_addr.s_addr == 0);
	CHECK_ERR("unconnected peer", getpeername(fd, (struct sockaddr *)&a, &len), ENOTCONN);
	int l = guest_listen(1);
	CHECK("a port was chosen", guest_port(l) > 0);
	t[0] = guest_connect(guest_port(l));
	len = sizeof from;
	t[1] = (int)MUST(accept(l, (struct sockaddr *)&from, &len));
	CHECK_EQ("length from accept", len, sizeof from);
	CHECK("client's own is server's peer", same(name(t[0], own), name(t[1], peer)));
	CHECK("server's own is client's peer", same(name(t[1], own), name(t[0], peer)));
	CHECK("accept told the same", same(from, name(t[0], own)));
	CHECK("address is 127.0.0.1", name(t[0], own).sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	CHECK("server has the listener's port", same(name(t[1], own), name(l, own)));
	CHECK("client has another", !same(name(t[0], own), name(l, own)));
	CHECK_ERR("the listener has no peer", getpeername(l, (struct sockaddr *)&a, &len), ENOTCONN);
	len = 4;
	CHECK_OK("short buffer", getsockname(l, (struct sockaddr *)&a, &len));
	CHECK_EQ("true length", len, sizeof a);
	CHECK_ERR("not a socket", getsockname(0, (struct sockaddr *)&a, &len), ENOTSOCK);
	CHECK_OK("listen without bind", listen(fd, 1));
	CHECK("chooses a port", guest_port(fd) > 0);
	return guest_done();
}
