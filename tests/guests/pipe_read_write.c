/* A pipe carries bytes in order, without message boundaries. See pipe(2),
   pipe(7). static-too */
#include "guest.h"

int main(void)
{
	int p[2], n = -1;
	char text[16] = "";
	CHECK_OK("pipe", pipe(p));
	CHECK("read end", (fcntl(p[0], F_GETFL) & O_ACCMODE) == O_RDONLY);
	CHECK("write end", (fcntl(p[1], F_GETFL) & O_ACCMODE) == O_WRONLY);
	CHECK_EQ("write", write(p[1], "hello", 5), 5);
	CHECK_EQ("write", write(p[1], " pipe", 5), 5);
	MUST(ioctl(p[0], FIONREAD, &n));
	CHECK_EQ("FIONREAD", n, 10);
	CHECK_EQ("partial read", read(p[0], text, 3), 3);
	CHECK_STR("first", text, "hel");
	CHECK_EQ("read of more than there is", read(p[0], text, sizeof text - 1), 7);
	CHECK_STR("rest", text, "lo pipe");
	CHECK_EQ("write of nothing", write(p[1], "", 0), 0);
	CHECK_EQ("nothing to read", guest_poll(p[0], POLLIN, 0), 0);
	CHECK_EQ("read of length 0", read(p[0], text, 0), 0);
	CHECK_ERR("read at the write end", read(p[1], text, 1), EBADF);
	CHECK_ERR("write at the read end", write(p[0], "x", 1), EBADF);
	CHECK_ERR("lseek", lseek(p[0], 0, SEEK_CUR), ESPIPE);
	CHECK_ERR("pread", pread(p[0], text, 1, 0), ESPIPE);
	CHECK_ERR("write from a bad address", write(p[1], guest_bad, 1), EFAULT);
	MUST(write(p[1], "x", 1));
	CHECK_ERR("read to a bad address", read(p[0], guest_bad, 1), EFAULT);
	CHECK_ERR("pipe at a bad address", syscall(SYS_pipe, guest_bad), EFAULT);
	struct stat st;
	MUST(fstat(p[0], &st));
	CHECK("it is a FIFO", S_ISFIFO(st.st_mode));
	return guest_done();
}
