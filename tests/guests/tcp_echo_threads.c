/* An echo server with a thread per connection and three clients. See tcp(7),
   accept(2). static-too */
#include "guest.h"

static int port;

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char text[64];
	ssize_t n;
	while ((n = read(fd, text, sizeof text)) > 0)
		guest_write(fd, text, (size_t)n);
	close(fd);
	return NULL;
}

static void *client(void *arg)
{
	char out[32], in[32] = "";
	intptr_t good = 0;
	int fd = guest_connect(port);
	for (int i = 0; i < 20; i++) {
		int n = sprintf(out, "client %d message %d", (int)(intptr_t)arg, i);
		guest_write(fd, out, (size_t)n);
		good += guest_read(fd, in, (size_t)n) == (size_t)n && !memcmp(in, out, (size_t)n);
	}
	MUST(shutdown(fd, SHUT_WR));
	good += read(fd, in, 1) == 0;
	MUST(close(fd));
	return (void *)good;
}

int main(void)
{
	pthread_t c[3], s[3];
	int l = guest_listen(5);
	port = guest_port(l);
	for (int i = 0; i < 3; i++)
		c[i] = guest_thread(client, (void *)(intptr_t)i);
	for (int i = 0; i < 3; i++)
		s[i] = guest_thread(serve, (void *)(intptr_t)CHECK_OK("accept", accept(l, NULL, NULL)) );
	for (int i = 0; i < 3; i++) {
		CHECK_EQ("echoes and the end", (intptr_t)guest_join(c[i]), 21);
		guest_join(s[i]);
	}
	return guest_done();
}
