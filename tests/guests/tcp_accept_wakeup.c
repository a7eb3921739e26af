/* shutdown of a listener wakes a blocked accept; connections not yet accepted
   are reset when the listener closes. See accept(2), shutdown(2), tcp(7). static-too */
#include "guest.h"

static void *acceptor(void *arg)
{
	int r = accept(*(int *)arg, NULL, NULL);
	return (void *)(intptr_t)(r == -1 ? errno : 0);
}

int main(void)
{
	char c;
	int l = guest_listen(5);
	pthread_t t = guest_thread(acceptor, &l);
	guest_sleep_ms(10);
	CHECK_OK("shutdown the listener", shutdown(l, SHUT_RDWR));
	CHECK_RC("accept", (int)(intptr_t)guest_join(t), EINVAL);
	CHECK_ERR("accept afterwards", accept(l, NULL, NULL), EINVAL);
	CHECK_OK("listen again", listen(l, 5));
	int a = guest_connect(guest_port(l)), b = guest_connect(guest_port(l));
	CHECK_EQ("data before accept", write(b, "x", 1), 1);
	int s = (int)CHECK_OK("accept the first", accept(l, NULL, NULL));
	MUST(close(l));
	CHECK_ERR("the second is reset", read(b, &c, 1), ECONNRESET);
	CHECK_EQ("the first goes on", write(s, "y", 1), 1);
	CHECK_EQ("read", read(a, &c, 1), 1);
	return guest_done();
}
