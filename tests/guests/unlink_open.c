/* A file removed while open lives until the last descriptor is closed. See
   unlink(2). static-too */
#include "guest.h"

int main(void)
{
	char text[16] = "";
	struct stat a, b;
	guest_tmp();
	guest_file("f", "first");
	int fd = (int)MUST(open("f", O_RDWR));
	CHECK_OK("unlink", unlink("f"));
	CHECK_ERR("the name is gone", open("f", O_RDONLY), ENOENT);
	CHECK_ERR("unlink again", unlink("f"), ENOENT);
	CHECK_EQ("read", read(fd, text, 5), 5);
	CHECK_EQ("write", write(fd, "-more", 5), 5);
	MUST(fstat(fd, &a));
	CHECK_EQ("links", a.st_nlink, 0);
	CHECK_EQ("size", a.st_size, 10);
	guest_file("f", "second");
	MUST(stat("f", &b));
	CHECK("the name is free for another file", a.st_ino != b.st_ino);
	CHECK_EQ("the old one is unchanged", pread(fd, text, sizeof text, 0), 10);
	CHECK_STR("contents", text, "first-more");
	pid_t pid = guest_fork();
	if (pid == 0)
		_exit(pread(fd, text, sizeof text, 0) == 10 ? 0 : 1);
	MUST(close(fd));
	CHECK_EXIT("a child still reads it", guest_wait(pid), 0);
	MUST(mkdir("d", 0755));
	CHECK_ERR("unlinkat of a directory", unlinkat(AT_FDCWD, "d", 0), EISDIR);
	CHECK_OK("AT_REMOVEDIR", unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
	CHECK_ERR("AT_REMOVEDIR of a file", unlinkat(AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR);
	CHECK_ERR("unknown flags", unlinkat(AT_FDCWD, "f", 1), EINVAL);
	return guest_done();
}
