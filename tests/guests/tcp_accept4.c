/* accept4 flags; accept does not inherit O_NONBLOCK; an empty non-blocking
   listener gives EAGAIN; a listener is readable with a connection. See
   accept(2). static-too */
#include "guest.h"

int main(void)
{
	int l = guest_listen(5), port = guest_port(l);
	CHECK_EQ("no connection", guest_poll(l, POLLIN, 0), 0);
	guest_nonblock(l);
	CHECK_ERR("accept", accept(l, NULL, NULL), EAGAIN);
	guest_connect(port), guest_connect(port), guest_connect(port);
	CHECK_STR("readable", guest_events((uint32_t)guest_poll(l, POLLIN | POLLOUT, -1)), "IN");
	int a = (int)CHECK_OK("accept", accept(l, NULL, NULL));
	CHECK_EQ("O_NONBLOCK is not inherited", fcntl(a, F_GETFL) & O_NONBLOCK, 0);
	CHECK_EQ("close-on-exec", fcntl(a, F_GETFD), 0);
	guest_poll(l, POLLIN, -1);
	a = (int)CHECK_OK("accept4 SOCK_NONBLOCK", accept4(l, NULL, NULL, SOCK_NONBLOCK));
	CHECK("non-blocking", fcntl(a, F_GETFL) & O_NONBLOCK);
	CHECK_EQ("close-on-exec", fcntl(a, F_GETFD), 0);
	guest_poll(l, POLLIN, -1);
	a = (int)CHECK_OK("accept4 SOCK_CLOEXEC", accept4(l, NULL, NULL, SOCK_CLOEXEC));
	CHECK_EQ("non-blocking", fcntl(a, F_GETFL) & O_NONBLOCK, 0);
	CHECK_EQ("close-on-exec", fcntl(a, F_GETFD), FD_CLOEXEC);
	CHECK_ERR("no more", accept(l, NULL, NULL), EAGAIN);
	a = (int)MUST(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	CHECK("socket flags", (fcntl(a, F_GETFL) & O_NONBLOCK) && fcntl(a, F_GETFD) == FD_CLOEXEC);
	return guest_done();
}
