/* Socket options read back as set, and what is refused. See socket(7), tcp(7),
   getsockopt(2). static-too */
#include "guest.h"

static int fd;

static void trip(const char *name, int level, int option, int value, int want)
{
	int got = -1;
	socklen_t len = sizeof got;
	MUST(setsockopt(fd, level, option, &value, sizeof value));
	MUST(getsockopt(fd, level, option, &got, &len));
	CHECK_EQ(name, len == sizeof got ? got : -1, want);
}

static int get(int option)
{
	int got = -1;
	socklen_t len = sizeof got;
	MUST(getsockopt(fd, SOL_SOCKET, option, &got, &len));
	return got;
}

int main(void)
{
	struct linger l = {1, 7}, l2 = {0, 0};
	struct timeval t = {3, 0}, t2 = {0, 0};
	int v = 1;
	socklen_t len = sizeof l2;
	fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	CHECK("SO_TYPE", get(SO_TYPE) == SOCK_STREAM);
	CHECK("SO_DOMAIN", get(SO_DOMAIN) == AF_INET);
	CHECK("SO_PROTOCOL", get(SO_PROTOCOL) == IPPROTO_TCP);
	CHECK_EQ("SO_ERROR", get(SO_ERROR), 0);
	CHECK_EQ("SO_ACCEPTCONN", get(SO_ACCEPTCONN), 0);
	CHECK_EQ("SO_REUSEADDR at first", get(SO_REUSEADDR), 0);
	trip("SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1, 1);
	trip("SO_REUSEADDR set to 7", SOL_SOCKET, SO_REUSEADDR, 7, 1);
	trip("SO_REUSEADDR off", SOL_SOCKET, SO_REUSEADDR, 0, 0);
	trip("SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 1, 1);
	trip("SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1, 1);
	trip("SO_BROADCAST", SOL_SOCKET, SO_BROADCAST, 1, 1);
	trip("SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 1, 1);
	trip("SO_SNDBUF is doubled", SOL_SOCKET, SO_SNDBUF, 32768, 65536);
	trip("SO_RCVBUF is doubled", SOL_SOCKET, SO_RCVBUF, 32768, 65536);
	trip("TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1, 1);
	trip("TCP_NODELAY off", IPPROTO_TCP, TCP_NODELAY, 0, 0);
	trip("TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 30, 30);
	trip("TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, 5, 5);
	trip("TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, 4, 4);
	trip("TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 1234, 1234);
	trip("IP_TTL", IPPROTO_IP, IP_TTL, 33, 33);
	CHECK_OK("SO_LINGER", setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l));
	MUST(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l2, &len));
	CHECK("read back", l2.l_onoff == 1 && l2.l_linger == 7);
	CHECK_OK("SO_RCVTIMEO", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t));
	len = sizeof t2;
	MUST(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t2, &len));
	CHECK("read back", t2.tv_sec == 3 && t2.tv_usec == 0);
	t.tv_usec = 1000000;
	CHECK_ERR("SO_RCVTIMEO, bad time", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t), EDOM);
	MUST(listen(fd, 1));
	CHECK_EQ("SO_ACCEPTCONN when listening", get(SO_ACCEPTCONN), 1);
	CHECK_ERR("unknown option", setsockopt(fd, SOL_SOCKET, 9999, &v, sizeof v), ENOPROTOOPT);
	CHECK_ERR("unknown option, get", getsockopt(fd, SOL_SOCKET, 9999, &v, &len), ENOPROTOOPT);
	CHECK_ERR("unknown level", setsockopt(fd, 9999, 1, &v, sizeof v), ENOPROTOOPT);
	CHECK_ERR("short value", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, 1), EINVAL);
	CHECK_ERR("SO_TYPE cannot be set", setsockopt(fd, SOL_SOCKET, SO_TYPE, &v, sizeof v), ENOPROTOOPT);
	CHECK_ERR("not a socket", setsockopt(0, SOL_SOCKET, SO_REUSEADDR, &v, sizeof v), ENOTSOCK);
	CHECK_ERR("bad address", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, guest_bad, sizeof v), EFAULT);
	return guest_done();
}
