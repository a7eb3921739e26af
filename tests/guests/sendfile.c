/* sendfile from a file to a socket, a pipe and a file. See sendfile(2). static-too */
#include "guest.h"
#include <sys/sendfile.h>

int main(void)
{
	char text[32] = "";
	int s[2], p[2], t[2];
	off_t off = 3;
	guest_tmp();
	guest_file("in", "0123456789");
	int in = (int)MUST(open("in", O_RDONLY)), out = (int)MUST(open("out", O_RDWR | O_CREAT, 0644));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	CHECK_EQ("file offset", sendfile(s[0], in, NULL, 4), 4);
	CHECK_EQ("moved", lseek(in, 0, SEEK_CUR), 4);
	CHECK_EQ("own offset", sendfile(s[0], in, &off, 4), 4);
	CHECK_EQ("moved", off, 7);
	CHECK_EQ("file offset unchanged", lseek(in, 0, SEEK_CUR), 4);
	CHECK_EQ("received", read(s[1], text, sizeof text), 8);
	CHECK_STR("contents", text, "01233456");
	CHECK_EQ("up to the end", sendfile(s[0], in, NULL, 100), 6);
	CHECK_EQ("at the end", sendfile(s[0], in, NULL, 100), 0);
	off = 0;
	CHECK_EQ("to a file", sendfile(out, in, &off, 100), 10);
	CHECK_STR("contents", guest_text("out"), "0123456789");
	MUST(pipe(p));
	off = 8;
	CHECK_EQ("to a pipe", sendfile(p[1], in, &off, 100), 2);
	CHECK_EQ("read", read(p[0], text, sizeof text), 2);
	CHECK_ERR("from a pipe", sendfile(out, p[0], NULL, 1), EINVAL);
	CHECK_ERR("output O_RDONLY", sendfile(in, out, NULL, 1), EBADF);
	CHECK_ERR("negative offset", (off = -1, sendfile(s[0], in, &off, 1)), EINVAL);
	CHECK_ERR("bad input", sendfile(s[0], 1000, NULL, 1), EBADF);

	/* more than the socket holds, read by a child */
	static char big[600000], back[600000];
	for (size_t i = 0; i < sizeof big; i++)
		big[i] = (char)(i * 31 + i / 4096);
	MUST(pwrite(out, big, sizeof big, 0));
	guest_tcp_pair(t);
	pid_t pid = guest_fork();
	if (pid == 0) {
		MUST(close(t[0]));
		size_t n = guest_read(t[1], back, sizeof back);
		_exit(n == sizeof big && !memcmp(big, back, n) ? 0 : 1);
	}
	off = 0;
	while (off < (off_t)sizeof big)
		MUST(sendfile(t[0], out, &off, sizeof big - (size_t)off));
	MUST(close(t[0]));
	CHECK_EXIT("over tcp", guest_wait(pid), 0);
	return guest_done();
}
