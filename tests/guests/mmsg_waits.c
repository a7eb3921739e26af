/* sendmmsg on a socket that waits goes on until all messages are sent, where
   the receiver's queue is full in between, and ends early only for a signal.
   See sendmmsg(2). static-too */
#include "guest.h"

enum { MESSAGES = 1000 };
static int end[2];

static void *takes(void *arg)
{
	char byte;
	long sum = 0;
	guest_sleep_ms(50);
	for (int i = 0; i < MESSAGES; i++) {
		MUST(recv(end[1], &byte, 1, 0));
		sum = sum * 3 % 1000003 + byte;
	}
	*(long *)arg = sum;
	return NULL;
}

static void nothing(int sig)
{
	(void)sig;
}

int main(void)
{
	static char bytes[MESSAGES];
	static struct iovec v[MESSAGES];
	static struct mmsghdr m[MESSAGES];
	long sum = 0, got = 0;
	for (int i = 0; i < MESSAGES; i++) {
		bytes[i] = (char)(i & 127);
		sum = sum * 3 % 1000003 + bytes[i];
		v[i] = (struct iovec){&bytes[i], 1};
		m[i].msg_hdr.msg_iov = &v[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, end));
	pthread_t t = guest_thread(takes, &got);
	CHECK_EQ("all of them", sendmmsg(end[0], m, MESSAGES, 0), MESSAGES);
	guest_join(t);
	CHECK_EQ("in order", got, sum);
	CHECK_EQ("the last one's length", m[MESSAGES - 1].msg_len, 1);

	int some = sendmmsg(end[0], m, MESSAGES, MSG_DONTWAIT);
	CHECK("without waiting some", some > 0 && some < MESSAGES);
	CHECK_ERR("then none", sendmmsg(end[0], m, MESSAGES, MSG_DONTWAIT), EAGAIN);
	char byte;
	MUST(recv(end[1], &byte, 1, 0));
	guest_on(SIGALRM, nothing, SA_RESTART);
	guest_tick(20);
	CHECK_EQ("a signal ends it after one", sendmmsg(end[0], m, MESSAGES, 0), 1);
	guest_on(SIGALRM, nothing, 0);
	CHECK_ERR("and before the first", sendmmsg(end[0], m, MESSAGES, 0), EINTR);
	guest_tick(0);
	return guest_done();
}
