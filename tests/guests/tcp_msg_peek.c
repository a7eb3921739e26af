/* MSG_PEEK leaves the data, MSG_WAITALL waits for all of it, MSG_TRUNC drops
   it. See recv(2), tcp(7). static-too */
#include "guest.h"

static int t[2];

static void *later(void *arg)
{
	guest_sleep_ms(10);
	guest_write(t[0], "5678", 4);
	return arg;
}

int main(void)
{
	char text[16] = "";
	int n = -1;
	guest_tcp_pair(t);
	MUST(write(t[0], "1234", 4));
	CHECK_EQ("peek", recv(t[1], text, 2, MSG_PEEK), 2);
	CHECK_STR("seen", text, "12");
	CHECK_EQ("peek again", recv(t[1], text, 4, MSG_PEEK | MSG_WAITALL), 4);
	CHECK_STR("seen", text, "1234");
	MUST(ioctl(t[1], FIONREAD, &n));
	CHECK_EQ("FIONREAD", n, 4);
	pthread_t id = guest_thread(later, NULL);
	CHECK_EQ("MSG_WAITALL", recv(t[1], text, 8, MSG_WAITALL), 8);
	CHECK_STR("read", text, "12345678");
	guest_join(id);
	MUST(write(t[0], "abcdef", 6));
	while (ioctl(t[1], FIONREAD, &n) == 0 && n < 6)
		guest_sleep_ms(1);
	CHECK_EQ("MSG_TRUNC drops", recv(t[1], NULL, 4, MSG_TRUNC), 4);
	CHECK_EQ("the rest", recv(t[1], text, 8, 0), 2);
	MUST(write(t[0], "end", 3));
	MUST(shutdown(t[0], SHUT_WR));
	CHECK_EQ("MSG_WAITALL ends with the stream", recv(t[1], text, 8, MSG_WAITALL), 3);
	CHECK_EQ("peek at the end", recv(t[1], text, 8, MSG_PEEK), 0);
	return guest_done();
}
