/* sendmsg and recvmsg with several buffers; sendmmsg and recvmmsg. See
   sendmsg(2), recvmmsg(2). static-too */
#include "guest.h"

int main(void)
{
	char a[4] = "", b[32] = "";
	int t[2], u = guest_bound(SOCK_DGRAM), v = (int)MUST(socket(AF_INET, SOCK_DGRAM, 0));
	struct iovec out[3] = {{(void *)"one", 3}, {(void *)"", 0}, {(void *)"-two", 4}}, in[2] = {{a, 3}, {b, 31}};
	struct msghdr m = {.msg_iov = out, .msg_iovlen = 3};
	guest_tcp_pair(t);
	CHECK_EQ("sendmsg", sendmsg(t[0], &m, 0), 7);
	m.msg_iov = in, m.msg_iovlen = 2;
	CHECK_EQ("recvmsg", recvmsg(t[1], &m, 0), 7);
	CHECK_STR("first buffer", a, "one");
	CHECK_STR("second buffer", b, "-two");
	CHECK_EQ("no address for tcp", m.msg_namelen, 0);
	m.msg_iovlen = 100000;
	CHECK_ERR("too many buffers", sendmsg(t[0], &m, 0), EMSGSIZE);

	struct sockaddr_in to = guest_addr(guest_port(u));
	MUST(connect(v, (struct sockaddr *)&to, sizeof to));
	struct mmsghdr mm[3];
	struct iovec io[3] = {{(void *)"a", 1}, {(void *)"bb", 2}, {(void *)"ccc", 3}};
	memset(mm, 0, sizeof mm);
	for (int i = 0; i < 3; i++)
		mm[i].msg_hdr.msg_iov = &io[i], mm[i].msg_hdr.msg_iovlen = 1;
	CHECK_EQ("sendmmsg", sendmmsg(v, mm, 3, 0), 3);
	CHECK_EQ("length of the third", mm[2].msg_len, 3);
	static char got[3][8];
	for (int i = 0; i < 3; i++)
		io[i] = (struct iovec){got[i], 7}, mm[i].msg_len = 77;
	CHECK_EQ("recvmmsg of two", recvmmsg(u, mm, 2, 0, NULL), 2);
	CHECK_EQ("first", mm[0].msg_len, 1);
	CHECK_EQ("second", mm[1].msg_len, 2);
	CHECK_STR("contents", got[1], "bb");
	CHECK_EQ("MSG_WAITFORONE", recvmmsg(u, mm, 3, MSG_WAITFORONE, NULL), 1);
	CHECK_STR("contents", got[0], "ccc");
	CHECK_ERR("nothing left", recvmmsg(u, mm, 3, MSG_DONTWAIT, NULL), EAGAIN);
	return guest_done();
}
