/* SO_PEERCRED names the process that connected; SO_PASSCRED adds the sender to
   each message. See unix(7). static-too */
#include "guest.h"

int main(void)
{
	struct ucred u;
	socklen_t len = sizeof u;
	int s[2], on = 1;
	char byte;
	union { char buf[CMSG_SPACE(sizeof(struct ucred))]; struct cmsghdr h; } c;
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_OK("SO_PEERCRED", getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, &len));
	CHECK("own process, user and group", u.pid == getpid() && u.uid == geteuid() && u.gid == getegid());
	CHECK_OK("SO_PASSCRED", setsockopt(s[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	pid_t pid = guest_fork();
	if (pid == 0) {
		guest_write(s[1], "x", 1);
		_exit(0);
	}
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c};
	CHECK_EQ("recvmsg", recvmsg(s[0], &m, 0), 1);
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	CHECK("credentials came along", h && h->cmsg_type == SCM_CREDENTIALS);
	memcpy(&u, CMSG_DATA(h), sizeof u);
	CHECK("of the sending child", u.pid == pid && u.uid == getuid() && u.gid == getgid());
	CHECK_EXIT("child", guest_wait(pid), 0);
	MUST(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &u, &len));
	CHECK("SO_PEERCRED is still the creator", u.pid == getpid());
	return guest_done();
}
