/* Calls relative to a directory descriptor. See openat(2). static-too */
#include "guest.h"

int main(void)
{
	char text[8] = "";
	struct stat st;
	guest_tmp();
	MUST(mkdir("d", 0755));
	int d = (int)MUST(open("d", O_RDONLY | O_DIRECTORY)), top = (int)MUST(open(".", O_PATH | O_DIRECTORY));
	int f = (int)CHECK_OK("openat creates", openat(d, "f", O_RDWR | O_CREAT, 0644));
	CHECK_OK("there", stat("d/f", &st));
	CHECK_OK("AT_FDCWD", openat(AT_FDCWD, "d/f", O_RDONLY));
	CHECK_OK("O_PATH directory", openat(top, "d/f", O_RDONLY));
	CHECK_OK("an absolute path needs none", openat(1000, "/", O_RDONLY));
	CHECK_ERR("bad descriptor", openat(1000, "f", O_RDONLY), EBADF);
	CHECK_ERR("a file", openat(f, "x", O_RDONLY), ENOTDIR);
	CHECK_OK("mkdirat", mkdirat(d, "sub", 0755));
	CHECK_OK("symlinkat", symlinkat("f", d, "link"));
	CHECK_EQ("readlinkat", readlinkat(d, "link", text, 8), 1);
	CHECK_OK("renameat", renameat(d, "f", top, "moved"));
	CHECK_OK("linkat", linkat(top, "moved", d, "f", 0));
	CHECK_OK("fstatat", fstatat(d, "f", &st, 0));
	CHECK_EQ("links", st.st_nlink, 2);
	CHECK_OK("mkfifoat", mkfifoat(d, "fifo", 0600));
	CHECK_OK("unlinkat", unlinkat(d, "f", 0));
	MUST(rename("d", "e"));
	CHECK_OK("the descriptor follows a rename", fstatat(d, "sub", &st, 0));
	MUST(unlinkat(d, "sub", AT_REMOVEDIR));
	MUST(unlinkat(d, "link", 0));
	MUST(unlinkat(d, "fifo", 0));
	MUST(rmdir("e"));
	CHECK_ERR("in a removed directory", openat(d, "new", O_WRONLY | O_CREAT, 0644), ENOENT);
	CHECK_ERR("reading a removed directory's entry", openat(d, "sub", O_RDONLY), ENOENT);
	return guest_done();
}
