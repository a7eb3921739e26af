/* shutdown of one direction: the peer reads the end and can still send. See
   shutdown(2), tcp(7). static-too */
#include "guest.h"

int main(void)
{
	int t[2];
	char text[32] = "";
	guest_tcp_pair(t);
	MUST(write(t[0], "request", 7));
	CHECK_OK("shutdown writing", shutdown(t[0], SHUT_WR));
	CHECK_EQ("all up to the end", guest_read(t[1], text, sizeof text), 7);
	CHECK_STR("contents", text, "request");
	CHECK_ERR("send after shutdown", send(t[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ("the answer", write(t[1], "answer", 6), 6);
	CHECK_EQ("is read", guest_read(t[0], text, 6), 6);
	CHECK_STR("contents", (text[6] = 0, text), "answer");
	CHECK_OK("shutdown again", shutdown(t[0], SHUT_WR));
	MUST(close(t[1]));
	CHECK_EQ("end", read(t[0], text, 1), 0);

	guest_tcp_pair(t);
	CHECK_OK("shutdown reading", shutdown(t[0], SHUT_RD));
	CHECK_EQ("reads as the end", read(t[0], text, 1), 0);
	CHECK_EQ("sending goes on", write(t[0], "x", 1), 1);
	CHECK_EQ("received", read(t[1], text, 1), 1);
	CHECK_OK("shutdown both", shutdown(t[0], SHUT_RDWR));
	CHECK_EQ("the peer's end", read(t[1], text, 1), 0);
	CHECK_ERR("unknown direction", shutdown(t[0], 9), EINVAL);
	CHECK_ERR("not connected", shutdown((int)MUST(socket(AF_INET, SOCK_STREAM, 0)), SHUT_WR), ENOTCONN);
	return guest_done();
}
