/* Descriptors inherited over fork share one file offset and status flags; the
   descriptor table itself is a copy. See fork(2), open(2). static-too */
#include "guest.h"

static int fd;

static void child(void)
{
	char text[4] = "";
	CHECK_EQ("child reads", read(fd, text, 3), 3);
	CHECK_STR("child got", text, "def");
	MUST(fcntl(fd, F_SETFL, O_APPEND));
	MUST(fcntl(fd, F_SETFD, FD_CLOEXEC));
	CHECK_OK("child closes", close(fd));
}

int main(void)
{
	char text[4] = "";
	guest_tmp();
	guest_file("f", "abcdefghijkl");
	fd = (int)MUST(open("f", O_RDWR));
	int other = (int)MUST(open("f", O_RDONLY)), dupe = (int)MUST(dup(fd));
	CHECK_EQ("parent reads", read(fd, text, 3), 3);
	CHECK_STR("parent got", text, "abc");
	CHECK_EXIT("child", guest_child(child), 0);
	CHECK_EQ("offset after the child read", lseek(fd, 0, SEEK_CUR), 6);
	CHECK_EQ("offset of the duplicate", lseek(dupe, 0, SEEK_CUR), 6);
	CHECK_EQ("offset of a separate open", lseek(other, 0, SEEK_CUR), 0);
	CHECK("status flags are shared", fcntl(fd, F_GETFL) & O_APPEND);
	CHECK_EQ("descriptor flags are not", fcntl(fd, F_GETFD), 0);
	return guest_done();
}
