/* Many connections at once, waiting in the backlog and then open together.
   See listen(2), accept(2). static-too */
#include "guest.h"

#define N 100

int main(void)
{
	int l = guest_listen(N), port = guest_port(l), c[N], s[N], good = 0;
	char text[4];
	for (int i = 0; i < N; i++) {
		c[i] = guest_connect(port);
		sprintf(text, "%03d", i);
		guest_write(c[i], text, 3);
	}
	puts("all connected before the first accept");
	for (int i = 0; i < N; i++)
		s[i] = (int)MUST(accept(l, NULL, NULL));
	guest_nonblock(l);
	CHECK_ERR("no more", accept(l, NULL, NULL), EAGAIN);
	int order = 0;
	for (int i = 0; i < N; i++) {
		text[guest_read(s[i], text, 3)] = 0;
		order += atoi(text) == i;
		guest_write(s[i], text, 3);
	}
	CHECK_EQ("accepted in the order of connecting", order, N);
	for (int i = N - 1; i >= 0; i--) {
		text[guest_read(c[i], text, 3)] = 0;
		good += atoi(text) == i;
		MUST(close(c[i]));
	}
	CHECK_EQ("answers", good, N);
	int ends = 0;
	for (int i = 0; i < N; i++)
		ends += read(s[i], text, 1) == 0;
	CHECK_EQ("ends", ends, N);
	return guest_done();
}
