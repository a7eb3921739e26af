/* One megabyte through small buffers, with partial reads and writes. See
   tcp(7), send(2), recv(2). static-too */
#include "guest.h"

#define SIZE (1 << 20)

static unsigned char out[SIZE], in[SIZE];
static int t[2];

static void *sender(void *arg)
{
	size_t done = 0;
	while (done < SIZE) {
		size_t n = SIZE - done < 70001 ? SIZE - done : 70001;
		done += (size_t)MUST(send(t[0], out + done, n, 0));
	}
	MUST(shutdown(t[0], SHUT_WR));
	return arg;
}

int main(void)
{
	int small = 40000;
	uint32_t x = 1;
	for (int i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		out[i] = (unsigned char)(x >> 24);
	}
	guest_tcp_pair(t);
	MUST(setsockopt(t[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small));
	pthread_t id = guest_thread(sender, NULL);
	size_t got = 0;
	for (ssize_t n; (n = MUST(recv(t[1], in + got, 33333 < SIZE - got ? 33333 : SIZE - got, 0))) > 0;)
		got += (size_t)n;
	guest_join(id);
	CHECK_EQ("received", got, SIZE);
	CHECK("same bytes", memcmp(in, out, SIZE) == 0);
	CHECK_EQ("and the end", recv(t[1], in, 1, 0), 0);

	/* one blocking send of everything, read by another process */
	guest_tcp_pair(t);
	pid_t pid = guest_fork();
	if (pid == 0) {
		MUST(close(t[0]));
		memset(in, 0, SIZE);
		_exit(guest_read(t[1], in, SIZE) == SIZE && !memcmp(in, out, SIZE) && guest_read(t[1], in, 1) == 0 ? 0 : 1);
	}
	MUST(close(t[1]));
	CHECK_EQ("one send takes all", send(t[0], out, SIZE, 0), SIZE);
	MUST(close(t[0]));
	CHECK_EXIT("reader", guest_wait(pid), 0);
	return guest_done();
}
