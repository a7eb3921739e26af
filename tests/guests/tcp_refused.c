/* Connecting to a port where nobody listens. See connect(2), tcp(7). static-too */
#include "guest.h"

int main(void)
{
	int held = guest_bound(SOCK_STREAM); /* bound but not listening */
	struct sockaddr_in a = guest_addr(guest_port(held));
	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0)), e = -1;
	socklen_t len = sizeof e;
	CHECK_ERR("connect", connect(fd, (struct sockaddr *)&a, sizeof a), ECONNREFUSED);
	MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len));
	CHECK_EQ("SO_ERROR was told by connect", e, 0);
	CHECK_ERR("the same socket again", connect(fd, (struct sockaddr *)&a, sizeof a), ECONNREFUSED);
	MUST(listen(held, 1));
	CHECK_OK("once somebody listens", connect(fd, (struct sockaddr *)&a, sizeof a));
	int s = (int)CHECK_OK("accept", accept(held, NULL, NULL));
	MUST(close(held));
	fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_ERR("after the listener closed", connect(fd, (struct sockaddr *)&a, sizeof a), ECONNREFUSED);
	CHECK_EQ("the accepted one lives on", write(s, "x", 1), 1);
	return guest_done();
}
