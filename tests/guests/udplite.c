/* UDP-Lite: ports of its own beside UDP's, and how much a checksum covers.
   See udplite(7). static-too */
#include "guest.h"
#include <netinet/in.h>
#include <sys/socket.h>

int main(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof a;
	char text[8];
	int value;
	int lite = (int)MUST(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE));
	int plain = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	MUST(bind(lite, (void *)&a, sizeof a));
	MUST(getsockname(lite, (void *)&a, &n));
	CHECK_OK("the same port for UDP", bind(plain, (void *)&a, sizeof a));
	n = sizeof value;
	MUST(getsockopt(lite, SOL_SOCKET, SO_PROTOCOL, &value, &n));
	CHECK_EQ("protocol", value, IPPROTO_UDPLITE);
	int from = (int)MUST(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE));
	value = 20;
	CHECK_OK("coverage", setsockopt(from, IPPROTO_UDPLITE, 10, &value, sizeof value));
	CHECK_EQ("sendto", sendto(from, "hello", 5, 0, (void *)&a, sizeof a), 5);
	CHECK_EQ("received by UDP-Lite", recv(lite, text, sizeof text, 0), 5);
	CHECK_ERR("not by UDP", recv(plain, text, sizeof text, MSG_DONTWAIT), EAGAIN);
	CHECK_ERR("no such option of UDP", setsockopt(plain, IPPROTO_UDPLITE, 10, &value, sizeof value), ENOPROTOOPT);
	return guest_done();
}
