/* A single-threaded epoll server with non-blocking sockets and five client
   threads. See epoll(7), tcp(7). static-too */
#include "guest.h"

#define CLIENTS 5

static int port, ep;

static void watch(int fd)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLRDHUP, .data.fd = fd};
	int on = 1; /* answers come in two parts: do not hold back the second */
	MUST(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
}

static void *client(void *arg)
{
	char out[1000], in[1000];
	intptr_t good = 0;
	int fd = guest_connect(port);
	for (int i = 0; i < 10; i++) {
		memset(out, 'a' + i + (int)(intptr_t)arg, sizeof out);
		guest_write(fd, out, sizeof out);
		good += guest_read(fd, in, sizeof in) == sizeof in && !memcmp(in, out, sizeof in);
	}
	MUST(close(fd));
	return (void *)good;
}

int main(void)
{
	int l = guest_listen(CLIENTS), accepted = 0, ended = 0;
	long bytes = 0;
	pthread_t t[CLIENTS];
	struct epoll_event got[4];
	port = guest_port(l);
	guest_nonblock(l);
	ep = (int)MUST(epoll_create1(0));
	watch(l);
	for (int i = 0; i < CLIENTS; i++)
		t[i] = guest_thread(client, (void *)(intptr_t)i);
	while (ended < CLIENTS) {
		int n = (int)MUST(epoll_wait(ep, got, 4, -1));
		for (int i = 0; i < n; i++) {
			char text[700];
			int fd = got[i].data.fd;
			if (fd == l) {
				for (int s; (s = accept4(l, NULL, NULL, SOCK_NONBLOCK)) != -1; accepted++)
					watch(s);
				continue;
			}
			ssize_t r = read(fd, text, sizeof text);
			if (r > 0) {
				guest_write(fd, text, (size_t)r);
				bytes += r;
			} else if (r == 0) {
				MUST(close(fd));
				ended++;
			} else if (errno != EAGAIN) {
				MUST(r);
			}
		}
	}
	for (int i = 0; i < CLIENTS; i++)
		CHECK_EQ("answers", (intptr_t)guest_join(t[i]), 10);
	CHECK_EQ("accepted", accepted, CLIENTS);
	CHECK_EQ("bytes", bytes, CLIENTS * 10 * 1000);
	return guest_done();
}
