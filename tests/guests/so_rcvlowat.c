/* SO_RCVLOWAT: how much has to be there before a stream is readable and before
   a read that may wait returns. See socket(7). static-too */
#include "guest.h"

static int client, server;

static int readable(void) { return guest_poll(server, POLLIN, 20); }

static void *late(void *arg)
{
	guest_sleep_ms(20);
	MUST(send(client, "def", 3, 0));
	guest_sleep_ms(20);
	MUST(send(client, "ghi", 3, 0));
	return arg;
}

static int mark(int value)
{
	socklen_t len = sizeof value;
	MUST(setsockopt(server, SOL_SOCKET, SO_RCVLOWAT, &value, sizeof value));
	MUST(getsockopt(server, SOL_SOCKET, SO_RCVLOWAT, &value, &len));
	return value;
}

int main(void)
{
	char text[100] = "";
	int end[2];
	guest_tcp_pair(end);
	client = end[0], server = end[1];

	CHECK_EQ("none is one", mark(0), 1);
	CHECK_EQ("five", mark(5), 5);
	MUST(send(client, "abc", 3, 0));
	CHECK_EQ("three are too few", readable(), 0);
	CHECK_EQ("a read that does not wait takes them", recv(server, text, sizeof text, MSG_DONTWAIT), 3);
	pthread_t id = guest_thread(late, NULL);
	CHECK_EQ("one that may waits for five", recv(server, text, sizeof text, 0), 6);
	CHECK_STR("these", text, "defghi");
	guest_join(id);
	MUST(send(client, "12345", 5, 0));
	CHECK_EQ("five are enough", readable(), POLLIN);
	CHECK_EQ("read", read(server, text, sizeof text), 5);
	struct timeval limit = {0, 50000};
	MUST(setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
	MUST(send(client, "67", 2, 0));
	CHECK_EQ("what there is when time is up", recv(server, text, sizeof text, 0), 2);
	CHECK_ERR("nothing when time is up", recv(server, text, sizeof text, 0), EAGAIN);
	MUST(send(client, "8", 1, 0));
	MUST(shutdown(client, SHUT_WR));
	CHECK("readable at the end", readable() & POLLIN);
	CHECK_EQ("the last byte", recv(server, text, sizeof text, 0), 1);
	CHECK_EQ("the end", recv(server, text, sizeof text, 0), 0);
	return guest_done();
}
