/* Descriptors passed over a unix socket. See unix(7), cmsg(3). static-too */
#include "guest.h"

static ssize_t give(int s, const int *fds, int n)
{
	union { char buf[CMSG_SPACE(4 * sizeof(int))]; struct cmsghdr h; } c;
	struct iovec iov = {(void *)"d", 1};
	memset(&c, 0, sizeof c);
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = CMSG_SPACE(n * sizeof(int))};
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(h), fds, n * sizeof(int));
	return sendmsg(s, &m, 0);
}

/* The number of descriptors received; the message flags go to *flags. */
static int take(int s, int *fds, int room, int how, int *flags)
{
	union { char buf[CMSG_SPACE(4 * sizeof(int))]; struct cmsghdr h; } c;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = CMSG_LEN(room * sizeof(int))};
	MUST(recvmsg(s, &m, how));
	*flags = m.msg_flags;
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	if (!h || h->cmsg_type != SCM_RIGHTS)
		return 0;
	memcpy(fds, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
	return (int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
}

int main(void)
{
	int s[2], p[2], got[4], flags, bad = 1000;
	char text[16] = "";
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	pid_t pid = guest_fork();
	if (pid == 0) {
		MUST(pipe(p));
		MUST(write(p[1], "from child", 10));
		_exit(give(s[1], &p[0], 1) == 1 ? 0 : 1);
	}
	CHECK_EQ("received", take(s[0], got, 1, 0, &flags), 1);
	CHECK_EQ("close-on-exec", fcntl(got[0], F_GETFD), 0);
	CHECK_EXIT("child", guest_wait(pid), 0);
	CHECK_EQ("read from the child's pipe", read(got[0], text, sizeof text), 10);
	CHECK_STR("contents", text, "from child");
	CHECK_EQ("its write end ended with the child", read(got[0], text, 1), 0);

	MUST(pipe(p));
	CHECK_EQ("two at once", give(s[1], p, 2), 1);
	MUST(close(p[0]));
	MUST(close(p[1]));
	CHECK_EQ("received", take(s[0], got, 2, MSG_CMSG_CLOEXEC, &flags), 2);
	CHECK_EQ("MSG_CMSG_CLOEXEC", fcntl(got[1], F_GETFD), FD_CLOEXEC);
	MUST(write(got[1], "x", 1));
	CHECK_EQ("both ends work", read(got[0], text, 1), 1);
	CHECK_EQ("two, room for one", give(s[1], got, 2), 1);
	int one;
	CHECK_EQ("received", take(s[0], &one, 1, 0, &flags), 1);
	CHECK("MSG_CTRUNC", flags & MSG_CTRUNC);
	CHECK_EQ("ignored by read", give(s[1], got, 1), 1);
	CHECK_EQ("read", read(s[0], text, 1), 1);
	CHECK_ERR("a closed descriptor", give(s[1], &bad, 1), EBADF);

	/* a pipe whose only write end is in flight: closing the socket closes it */
	MUST(pipe(p));
	CHECK_EQ("in flight", give(s[1], &p[1], 1), 1);
	MUST(close(p[1]));
	CHECK_EQ("open while in flight", guest_poll(p[0], POLLIN, 0), 0);
	MUST(close(s[0]));
	CHECK_EQ("closed with the socket", read(p[0], text, 1), 0);
	return guest_done();
}
