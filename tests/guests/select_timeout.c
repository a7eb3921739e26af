/* select: sets, time-out (Linux leaves the time not slept in it), NULL sets.
   See select(2). static-too */
#include "guest.h"

static int p[2];

static void *later(void *arg)
{
	guest_sleep_ms(10);
	guest_write(p[1], "x", 1);
	return arg;
}

int main(void)
{
	fd_set r, w;
	struct timeval tv = {0, 20000};
	MUST(pipe(p));
	int n = (p[0] > p[1] ? p[0] : p[1]) + 1;
	int64_t start = guest_now_ns();
	CHECK_EQ("sleep only", select(0, NULL, NULL, NULL, &tv), 0);
	CHECK("20 ms passed", guest_now_ns() - start >= 20000000);
	CHECK("no time left", tv.tv_sec == 0 && tv.tv_usec == 0);
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	CHECK_EQ("0 ms", select(n, &r, NULL, NULL, &tv), 0);
	CHECK("set cleared", !FD_ISSET(p[0], &r));
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	FD_ZERO(&w);
	FD_SET(p[1], &w);
	tv.tv_sec = 100;
	CHECK_EQ("writable at once", select(n, &r, &w, NULL, &tv), 1);
	CHECK("only the write end", !FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w));
	CHECK("time left", tv.tv_sec >= 90 && tv.tv_sec <= 100);
	FD_SET(p[0], &r);
	pthread_t t = guest_thread(later, NULL);
	CHECK_EQ("woken", select(n, &r, NULL, NULL, NULL), 1);
	guest_join(t);
	CHECK("the read end", FD_ISSET(p[0], &r));
	FD_SET(p[0], &r), FD_SET(p[1], &w);
	CHECK_EQ("bits are counted", select(n, &r, &w, NULL, NULL), 2);
	FD_SET(p[0], &r);
	tv.tv_sec = tv.tv_usec = 0;
	CHECK_EQ("descriptors from nfds on are not looked at", select(p[0], &r, NULL, NULL, &tv), 0);
	char c;
	MUST(read(p[0], &c, 1));
	MUST(close(p[1]));
	FD_ZERO(&r);
	FD_SET(p[0], &r);
	CHECK_EQ("the end of a pipe is readable", select(n, &r, NULL, NULL, NULL), 1);
	return guest_done();
}
