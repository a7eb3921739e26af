/* splice moves bytes between a pipe and a file, tee copies between pipes. See
   splice(2), tee(2), vmsplice(2). static-too */
#include "guest.h"

int main(void)
{
	int a[2], b[2];
	char text[32] = "";
	loff_t off = 2;
	guest_tmp();
	guest_file("in", "0123456789");
	int in = (int)MUST(open("in", O_RDONLY)), out = (int)MUST(open("out", O_RDWR | O_CREAT, 0644));
	MUST(pipe(a));
	MUST(pipe(b));
	CHECK_EQ("file to pipe", splice(in, &off, a[1], NULL, 5, 0), 5);
	CHECK_EQ("offset", off, 7);
	CHECK_EQ("file position unchanged", lseek(in, 0, SEEK_CUR), 0);
	CHECK_EQ("tee", tee(a[0], b[1], 100, 0), 5);
	CHECK_EQ("pipe to file", splice(a[0], NULL, out, NULL, 100, 0), 5);
	CHECK_EQ("file position moved", lseek(out, 0, SEEK_CUR), 5);
	CHECK_STR("file", guest_text("out"), "23456");
	CHECK_EQ("the copy is still in the other pipe", read(b[0], text, sizeof text), 5);
	CHECK_STR("copy", text, "23456");
	MUST(write(a[1], "pipe", 4));
	CHECK_EQ("pipe to pipe", splice(a[0], NULL, b[1], NULL, 3, 0), 3);
	CHECK_EQ("moved", read(b[0], text, sizeof text), 3);
	CHECK_EQ("left", read(a[0], text, sizeof text), 1);
	off = 10;
	CHECK_EQ("at the end of the file", splice(in, &off, a[1], NULL, 5, 0), 0);
	struct iovec iov = {(void *)"memory", 6};
	CHECK_EQ("vmsplice", vmsplice(a[1], &iov, 1, 0), 6);
	CHECK_EQ("read it", read(a[0], text, sizeof text), 6);
	CHECK_ERR("empty pipe, non-blocking", splice(a[0], NULL, out, NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	CHECK_ERR("no pipe at all", splice(in, NULL, out, NULL, 1, 0), EINVAL);
	CHECK_ERR("offset for a pipe", splice(a[0], &off, out, NULL, 1, 0), ESPIPE);
	CHECK_ERR("tee of a file", tee(in, b[1], 1, 0), EINVAL);
	MUST(close(a[1]));
	CHECK_EQ("no writers left", splice(a[0], NULL, out, NULL, 1, 0), 0);
	return guest_done();
}
