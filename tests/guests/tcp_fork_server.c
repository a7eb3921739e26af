/* A server that forks for every connection, and clients in other processes.
   See tcp(7), fork(2). static-too */
#include "guest.h"

int main(void)
{
	int l = guest_listen(5), port = guest_port(l);
	pid_t client[4], server[4];
	for (int i = 0; i < 4; i++) {
		if ((client[i] = guest_fork()) == 0) {
			char c = (char)('a' + i);
			MUST(close(l));
			int fd = guest_connect(port);
			guest_write(fd, &c, 1);
			_exit(guest_read(fd, &c, 1) == 1 && c == 'A' + i ? 0 : 1);
		}
	}
	for (int i = 0; i < 4; i++) {
		int fd = (int)MUST(accept(l, NULL, NULL));
		if ((server[i] = guest_fork()) == 0) {
			char c;
			MUST(close(l));
			guest_read(fd, &c, 1);
			c = (char)(c - 'a' + 'A');
			guest_write(fd, &c, 1);
			_exit(guest_read(fd, &c, 1) == 0 ? 0 : 1);
		}
		MUST(close(fd));
	}
	for (int i = 0; i < 4; i++) {
		CHECK_EXIT("client", guest_wait(client[i]), 0);
		CHECK_EXIT("server", guest_wait(server[i]), 0);
	}
	return guest_done();
}
