/* Writing to a pipe without readers: SIGPIPE, or EPIPE when that is handled or
   ignored. See pipe(7), write(2). static-too */
#include "guest.h"

static volatile sig_atomic_t seen;

static void on_pipe(int sig) { (void)sig, seen++; }

static int p[2];

static void plain(void)
{
	signal(SIGPIPE, SIG_DFL);
	MUST(write(p[1], "x", 1));
}

static void *blocked(void *arg)
{
	char block[4096] = "";
	while (write(p[1], block, sizeof block) > 0)
		;
	*(int *)arg = errno;
	return NULL;
}

int main(void)
{
	MUST(pipe(p));
	MUST(close(p[0]));
	CHECK_KILLED("default", guest_child(plain), SIGPIPE);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR("ignored", write(p[1], "x", 1), EPIPE);
	guest_on(SIGPIPE, on_pipe, 0);
	CHECK_ERR("handled", write(p[1], "x", 1), EPIPE);
	CHECK_EQ("handler calls", seen, 1);
	CHECK_EQ("write of nothing", write(p[1], "", 0), 0);
	CHECK_EQ("poll", guest_poll(p[1], POLLOUT, -1), POLLOUT | POLLERR);
	MUST(close(p[1]));

	MUST(pipe(p));
	int err = 0;
	pthread_t t = guest_thread(blocked, &err);
	while (guest_poll(p[1], POLLOUT, 0)) /* until it is full */
		guest_sleep_ms(1);
	MUST(close(p[0]));
	guest_join(t);
	CHECK_RC("a blocked writer when the reader closes", err, EPIPE);
	CHECK_EQ("handler calls", seen, 2);
	return guest_done();
}
