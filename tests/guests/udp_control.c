/* What comes with a datagram: hop limit, type of service, time of arrival; set
   for the socket or for one message. See ip(7), ipv6(7), cmsg(3). static-too */
#include "guest.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

static int receiver, sender;

static const struct cmsghdr *find(struct msghdr *m, int level, int type)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == level && c->cmsg_type == type)
			return c;
	return NULL;
}

static int number(struct msghdr *m, int level, int type)
{
	const struct cmsghdr *c = find(m, level, type);
	int n = 0;
	if (!c)
		return -1;
	memcpy(&n, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	return n;
}

static struct msghdr *receive(void)
{
	static char text[16], control[256];
	static struct iovec v = {text, sizeof text};
	static struct msghdr m;
	m = (struct msghdr){.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	MUST(recvmsg(receiver, &m, 0));
	return &m;
}

static void send_with(int level, int type, int value)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec v = {"x", 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = level, c->cmsg_type = type, c->cmsg_len = CMSG_LEN(sizeof value);
	memcpy(CMSG_DATA(c), &value, sizeof value);
	MUST(sendmsg(sender, &m, 0));
}

static void set(int fd, int level, int name, int value)
{
	MUST(setsockopt(fd, level, name, &value, sizeof value));
}

int main(void)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in b = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	receiver = (int)MUST(socket(AF_INET6, SOCK_DGRAM, 0));
	sender = (int)MUST(socket(AF_INET6, SOCK_DGRAM, 0));
	MUST(bind(receiver, (void *)&a, sizeof a));
	MUST(getsockname(receiver, (void *)&a, &n));
	MUST(connect(sender, (void *)&a, sizeof a));
	MUST(send(sender, "x", 1, 0));
	CHECK("nothing asked for", receive()->msg_controllen == 0);
	set(receiver, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	set(receiver, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	MUST(send(sender, "x", 1, 0));
	struct msghdr *m = receive();
	CHECK_EQ("hop limit", number(m, IPPROTO_IPV6, IPV6_HOPLIMIT), 64);
	CHECK_EQ("traffic class", number(m, IPPROTO_IPV6, IPV6_TCLASS), 0);
	set(sender, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 5);
	send_with(IPPROTO_IPV6, IPV6_TCLASS, 96);
	m = receive();
	CHECK_EQ("hop limit of the socket", number(m, IPPROTO_IPV6, IPV6_HOPLIMIT), 5);
	CHECK_EQ("traffic class of the message", number(m, IPPROTO_IPV6, IPV6_TCLASS), 96);
	send_with(IPPROTO_IPV6, IPV6_HOPLIMIT, 7);
	CHECK_EQ("hop limit of the message", number(receive(), IPPROTO_IPV6, IPV6_HOPLIMIT), 7);
	n = sizeof b;
	receiver = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	sender = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	MUST(bind(receiver, (void *)&b, sizeof b));
	MUST(getsockname(receiver, (void *)&b, &n));
	MUST(connect(sender, (void *)&b, sizeof b));
	set(receiver, IPPROTO_IP, IP_RECVTTL, 1);
	set(receiver, IPPROTO_IP, IP_RECVTOS, 1);
	set(receiver, SOL_SOCKET, SO_TIMESTAMP, 1);
	set(sender, IPPROTO_IP, IP_TOS, 0x10);
	send_with(IPPROTO_IP, IP_TTL, 9);
	m = receive();
	CHECK_EQ("ttl of the message", number(m, IPPROTO_IP, IP_TTL), 9);
	CHECK_EQ("tos of the socket", number(m, IPPROTO_IP, IP_TOS), 0x10);
	const struct cmsghdr *c = find(m, SOL_SOCKET, SCM_TIMESTAMP);
	struct timeval now, then;
	MUST(gettimeofday(&now, NULL));
	CHECK("time of arrival", c && c->cmsg_len == CMSG_LEN(sizeof then));
	memcpy(&then, CMSG_DATA(c), sizeof then);
	CHECK("just now", now.tv_sec - then.tv_sec < 2 && now.tv_sec >= then.tv_sec);
	return guest_done();
}
