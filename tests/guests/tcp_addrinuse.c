/* Ports in use, SO_REUSEADDR and SO_REUSEPORT. See bind(2), socket(7). static-too */
#include "guest.h"

static int fresh(int option)
{
	int on = 1, fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	if (option)
		MUST(setsockopt(fd, SOL_SOCKET, option, &on, sizeof on));
	return fd;
}

static int bind_to(int fd, struct sockaddr_in *a) { return bind(fd, (struct sockaddr *)a, sizeof *a); }

int main(void)
{
	char c;
	int l = guest_listen(1), other = fresh(0);
	struct sockaddr_in a = guest_addr(guest_port(l)), any = a;
	any.sin_addr.s_addr = htonl(INADDR_ANY);
	CHECK_ERR("bind", bind_to(other, &a), EADDRINUSE);
	CHECK_ERR("bind to every address", bind_to(other, &any), EADDRINUSE);
	CHECK_ERR("SO_REUSEADDR against a listener", bind_to(fresh(SO_REUSEADDR), &a), EADDRINUSE);
	CHECK_ERR("bind twice", bind_to(l, &a), EINVAL);
	CHECK_OK("listen twice", listen(l, 3));
	MUST(close(l));
	CHECK_OK("free after close", bind_to(other, &a));
	MUST(close(other));

	/* the side that closes first keeps the port for a while */
	l = fresh(SO_REUSEADDR);
	MUST(bind_to(l, &a));
	MUST(listen(l, 1));
	int client = guest_connect(ntohs(a.sin_port)), s = (int)MUST(accept(l, NULL, NULL));
	MUST(close(s));
	CHECK_EQ("the peer sees the end", read(client, &c, 1), 0);
	MUST(close(client));
	MUST(close(l));
	CHECK_OK("SO_REUSEADDR after connections", bind_to(l = fresh(SO_REUSEADDR), &a));
	CHECK_OK("two with SO_REUSEADDR, none listening", bind_to(other = fresh(SO_REUSEADDR), &a));
	CHECK_OK("one listens", listen(l, 1));
	CHECK_ERR("the other cannot", listen(other, 1), EADDRINUSE);
	MUST(close(l));
	MUST(close(other));

	l = fresh(SO_REUSEPORT);
	struct sockaddr_in b = guest_addr(0);
	MUST(bind_to(l, &b));
	b = guest_addr(guest_port(l));
	MUST(listen(l, 1));
	other = fresh(SO_REUSEPORT);
	CHECK_OK("SO_REUSEPORT on both", bind_to(other, &b));
	CHECK_OK("both listen", listen(other, 1));
	CHECK_ERR("a third without it", bind_to(fresh(SO_REUSEADDR), &b), EADDRINUSE);
	return guest_done();
}
