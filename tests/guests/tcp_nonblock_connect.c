/* Non-blocking connect: EINPROGRESS, then poll and SO_ERROR tell. See
   connect(2). static-too */
#include "guest.h"

static int so_error(int fd)
{
	int e = -1;
	socklen_t len = sizeof e;
	MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len));
	return e;
}

int main(void)
{
	int l = guest_listen(1);
	struct sockaddr_in a = guest_addr(guest_port(l));
	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	CHECK_ERR("connect", connect(fd, (struct sockaddr *)&a, sizeof a), EINPROGRESS);
	CHECK_STR("poll", guest_events((uint32_t)guest_poll(fd, POLLOUT, -1)), "OUT");
	CHECK_RC("SO_ERROR", so_error(fd), 0);
	CHECK_OK("connect again tells success", connect(fd, (struct sockaddr *)&a, sizeof a));
	CHECK_ERR("and again", connect(fd, (struct sockaddr *)&a, sizeof a), EISCONN);
	int s = (int)CHECK_OK("accept", accept(l, NULL, NULL));
	char c;
	CHECK_ERR("nothing to read", read(fd, &c, 1), EAGAIN);
	MUST(write(s, "x", 1));
	CHECK_EQ("poll", guest_poll(fd, POLLIN, -1), POLLIN);
	CHECK_EQ("read", read(fd, &c, 1), 1);

	a = guest_addr(guest_port(guest_bound(SOCK_STREAM))); /* nobody listens */
	fd = (int)MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	CHECK_ERR("connect to a closed port", connect(fd, (struct sockaddr *)&a, sizeof a), EINPROGRESS);
	CHECK_STR("poll", guest_events((uint32_t)guest_poll(fd, POLLOUT, -1)), "OUT HUP ERR");
	CHECK_RC("SO_ERROR", so_error(fd), ECONNREFUSED);
	CHECK_RC("SO_ERROR is told once", so_error(fd), 0);
	return guest_done();
}
