/* Writing to a connection the peer has closed: at first accepted, then EPIPE
   and SIGPIPE. See tcp(7), send(2). static-too */
#include "guest.h"

static volatile sig_atomic_t seen;

static void on_pipe(int sig) { (void)sig, seen++; }

int main(void)
{
	int t[2];
	char c;
	guest_on(SIGPIPE, on_pipe, 0);
	guest_tcp_pair(t);
	MUST(close(t[1]));
	CHECK_EQ("end", read(t[0], &c, 1), 0);
	CHECK_EQ("first write", write(t[0], "x", 1), 1);
	while (send(t[0], "x", 1, MSG_NOSIGNAL) == 1) /* until the answer is here */
		guest_sleep_ms(1);
	CHECK_RC("later", errno, EPIPE);
	CHECK_EQ("no signal with MSG_NOSIGNAL", seen, 0);
	CHECK_ERR("write", write(t[0], "x", 1), EPIPE);
	CHECK_EQ("signals", seen, 1);
	CHECK_ERR("send", send(t[0], "x", 1, 0), EPIPE);
	CHECK_EQ("signals", seen, 2);
	CHECK_EQ("reading is the end", read(t[0], &c, 1), 0);
	return guest_done();
}
