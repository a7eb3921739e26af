/* Urgent data of TCP: the mark, reading the byte out of its turn, in line, and
   when the next one comes; POLLPRI and SIGURG. See tcp(7), sockatmark(3),
   recv(2). static-too */
#include "guest.h"

static int client, server;
static volatile sig_atomic_t urgent;

static void on_urgent(int sig) { urgent += sig == SIGURG; }

static void connect_pair(void)
{
	int end[2];
	guest_tcp_pair(end);
	client = end[0], server = end[1];
}

static void disconnect(void) { close(client), close(server); }

/* Wait until something of this kind is there, and say what. */
static int ready(short what, int ms) { return guest_poll(server, what, ms); }

static void take(const char *name, int flags, size_t room, const char *want)
{
	char text[100] = "";
	ssize_t n = recv(server, text, room, flags | MSG_DONTWAIT);
	if (n < 0)
		CHECK_ERR(name, n, !strcmp(want, "none") ? EAGAIN : EINVAL);
	else
		CHECK_STR(name, text, want);
}

static int waiting(void)
{
	int n = -1;
	MUST(ioctl(server, FIONREAD, &n));
	return n;
}

int main(void)
{
	connect_pair();
	take("no urgent data", MSG_OOB, 1, "EINVAL");
	CHECK_EQ("not at the mark", sockatmark(server), 0);
	MUST(send(client, "abcX", 4, MSG_OOB));
	MUST(send(client, "def", 3, 0));
	while (waiting() < 3)
		guest_sleep_ms(1);
	guest_sleep_ms(20);
	CHECK_EQ("POLLPRI", ready(POLLIN | POLLPRI, 1000), POLLIN | POLLPRI);
	CHECK_EQ("before the mark", waiting(), 3);
	take("peeked at", MSG_OOB | MSG_PEEK, 1, "X");
	take("out of its turn", MSG_OOB, 1, "X");
	take("only once", MSG_OOB, 1, "EINVAL");
	CHECK_EQ("no POLLPRI", ready(POLLIN | POLLPRI, 0), POLLIN);
	take("two bytes", 0, 2, "ab");
	CHECK_EQ("not yet at the mark", sockatmark(server), 0);
	take("up to the mark", 0, 10, "c");
	CHECK_EQ("at the mark", sockatmark(server), 1);
	CHECK_EQ("nothing before it", waiting(), 0);
	CHECK_EQ("readable", ready(POLLIN | POLLPRI, 0), POLLIN);
	take("peek behind it", MSG_PEEK, 10, "def");
	CHECK_EQ("still at the mark", sockatmark(server), 1);
	take("behind it", 0, 2, "de");
	CHECK_EQ("past the mark", sockatmark(server), 0);
	take("the rest", 0, 10, "f");
	take("empty", 0, 10, "none");

	/* The urgent byte alone is nothing to be read; a read passes it over. */
	MUST(send(client, "Y", 1, MSG_OOB));
	CHECK_EQ("POLLPRI alone", ready(POLLIN | POLLPRI, 1000), POLLPRI);
	fd_set r, e;
	FD_ZERO(&r);
	FD_ZERO(&e);
	FD_SET(server, &r);
	FD_SET(server, &e);
	CHECK_EQ("select", select(server + 1, &r, NULL, &e, NULL), 1);
	CHECK("exceptional", FD_ISSET(server, &e) && !FD_ISSET(server, &r));
	CHECK_EQ("at the mark", sockatmark(server), 1);
	take("no ordinary byte", 0, 10, "none");
	take("passed over", MSG_OOB, 1, "EINVAL");

	/* A later urgent byte makes an earlier one ordinary. */
	MUST(send(client, "1A", 2, MSG_OOB));
	MUST(send(client, "2B", 2, MSG_OOB));
	while (waiting() < 3)
		guest_sleep_ms(1);
	take("the later one", MSG_OOB, 1, "B");
	take("the earlier one is ordinary", 0, 10, "1A2");
	CHECK_EQ("at the later mark", sockatmark(server), 1);
	disconnect();

	connect_pair();
	int on = 1;
	MUST(setsockopt(server, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on));
	MUST(send(client, "abX", 3, MSG_OOB));
	MUST(send(client, "cd", 2, 0));
	while (waiting() < 5)
		guest_sleep_ms(1);
	CHECK_EQ("in line: POLLPRI", ready(POLLIN | POLLPRI, 1000), POLLIN | POLLPRI);
	take("in line: not out of its turn", MSG_OOB, 1, "EINVAL");
	take("in line: up to the mark", 0, 10, "ab");
	CHECK_EQ("in line: at the mark", sockatmark(server), 1);
	take("in line: from the mark on", 0, 10, "Xcd");
	disconnect();

	connect_pair();
	struct sigaction act = {.sa_handler = on_urgent};
	MUST(sigaction(SIGURG, &act, NULL));
	MUST(send(client, "Z", 1, MSG_OOB));
	CHECK_EQ("nobody is told", ready(POLLPRI, 1000), POLLPRI);
	CHECK_EQ("no signal", urgent, 0);
	CHECK_OK("F_SETOWN", fcntl(server, F_SETOWN, getpid()));
	MUST(send(client, "Z", 1, MSG_OOB));
	for (int i = 0; i < 1000 && !urgent; i++)
		guest_sleep_ms(1);
	CHECK_EQ("SIGURG", urgent, 1);
	struct msghdr m = {.msg_iov = &(struct iovec){(char[1]){0}, 1}, .msg_iovlen = 1};
	CHECK_EQ("recvmsg", recvmsg(server, &m, MSG_OOB), 1);
	CHECK_EQ("its flags", m.msg_flags, MSG_OOB);
	disconnect();

	int u = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	CHECK_ERR("datagrams have none", sendto(u, "x", 1, MSG_OOB, (struct sockaddr *)&to, sizeof to), EOPNOTSUPP);
	return guest_done();
}
