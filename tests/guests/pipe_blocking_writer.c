/* A write larger than the pipe blocks until all of it is taken, and returns
   what was written when a handler interrupts it. See pipe(7), write(2). static-too */
#include "guest.h"

#define SIZE 300000

static unsigned char out[SIZE], in[SIZE];
static int p[2];

static void on_alarm(int sig) { (void)sig; }

static void *writer(void *arg)
{
	(void)arg;
	return (void *)write(p[1], out, SIZE);
}

int main(void)
{
	for (int i = 0; i < SIZE; i++)
		out[i] = (unsigned char)(i * 7 + i / 251);
	MUST(pipe(p));
	pthread_t t = guest_thread(writer, NULL);
	CHECK_EQ("read", guest_read(p[0], in, SIZE), SIZE);
	CHECK("same bytes", memcmp(in, out, SIZE) == 0);
	CHECK_EQ("one write took all", (intptr_t)guest_join(t), SIZE);

	guest_on(SIGALRM, on_alarm, 0);
	guest_tick(10);
	CHECK_EQ("interrupted after a pipe full", write(p[1], out, SIZE), 65536);
	CHECK_ERR("interrupted before the first byte", write(p[1], out, SIZE), EINTR);
	guest_tick(0);
	CHECK_EQ("what was written is there", guest_read(p[0], in, 65536), 65536);
	return guest_done();
}
