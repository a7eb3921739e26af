/* Hard links: one file, several names. See link(2). static-too */
#include "guest.h"

static long links(const char *path)
{
	struct stat st;
	MUST(stat(path, &st));
	return (long)st.st_nlink;
}

int main(void)
{
	struct stat st;
	guest_tmp();
	guest_file("a", "text");
	MUST(mkdir("d", 0755));
	MUST(symlink("a", "soft"));
	CHECK_OK("link", link("a", "b"));
	CHECK_OK("into a directory", link("a", "d/c"));
	CHECK_EQ("links", links("a"), 3);
	guest_file("b", "changed"); /* written in place */
	CHECK_STR("seen through all", guest_text("d/c"), "changed");
	CHECK_ERR("existing name", link("a", "b"), EEXIST);
	CHECK_ERR("missing", link("no", "x"), ENOENT);
	CHECK_ERR("directory", link("d", "x"), EPERM);
	CHECK_ERR("missing directory", link("a", "no/x"), ENOENT);
	CHECK_ERR("file as directory", link("a", "b/x"), ENOTDIR);
	CHECK_OK("of a symbolic link", link("soft", "soft2"));
	MUST(lstat("soft2", &st));
	CHECK("is a symbolic link", S_ISLNK(st.st_mode) && st.st_nlink == 2);
	CHECK_OK("following it", linkat(AT_FDCWD, "soft", AT_FDCWD, "e", AT_SYMLINK_FOLLOW));
	CHECK_EQ("links", links("a"), 4);
	MUST(unlink("a"));
	MUST(unlink("b"));
	CHECK_EQ("links left", links("e"), 2);
	CHECK_STR("contents", guest_text("e"), "changed");
	CHECK_ERR("unknown flags", linkat(AT_FDCWD, "e", AT_FDCWD, "x", 1), EINVAL);
	return guest_done();
}
