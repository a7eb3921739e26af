/* Unix datagrams between named sockets; a connected one filters. See unix(7). static-too */
#include "guest.h"

static struct sockaddr_un name(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	strcpy(a.sun_path, path);
	return a;
}

static int bound(const char *path)
{
	struct sockaddr_un a = name(path);
	int fd = (int)MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	MUST(bind(fd, (struct sockaddr *)&a, sizeof a));
	return fd;
}

int main(void)
{
	struct sockaddr_un a = name("a"), b = name("b"), none = name("none"), from;
	socklen_t len = sizeof from;
	char text[16] = "";
	guest_tmp();
	int fa = bound("a"), fb = bound("b"), anon = (int)MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
	CHECK_EQ("sendto", sendto(fa, "hello", 5, 0, (struct sockaddr *)&b, sizeof b), 5);
	CHECK_EQ("recvfrom", recvfrom(fb, text, sizeof text, 0, (struct sockaddr *)&from, &len), 5);
	CHECK_STR("sender", from.sun_path, "a");
	CHECK_EQ("unnamed sender", sendto(anon, "x", 1, 0, (struct sockaddr *)&b, sizeof b), 1);
	len = sizeof from;
	MUST(recvfrom(fb, text, sizeof text, 0, (struct sockaddr *)&from, &len));
	CHECK("no address", len == 0 || len == sizeof(sa_family_t));
	CHECK_ERR("no such path", sendto(fa, "x", 1, 0, (struct sockaddr *)&none, sizeof none), ENOENT);
	CHECK_ERR("no destination", send(fa, "x", 1, 0), ENOTCONN);
	CHECK_OK("connect", connect(fb, (struct sockaddr *)&a, sizeof a));
	CHECK_EQ("send", send(fb, "to a", 4, 0), 4);
	CHECK_EQ("read", read(fa, text, sizeof text), 4);
	CHECK_ERR("others may not send to it", sendto(anon, "x", 1, 0, (struct sockaddr *)&b, sizeof b), EPERM);
	MUST(close(fa));
	CHECK_ERR("its peer is gone", send(fb, "x", 1, 0), ECONNREFUSED);
	CHECK_ERR("listen", listen(fb, 1), EOPNOTSUPP);
	return guest_done();
}
