/* rename: replacing files and directories, and what is refused. See rename(2). static-too */
#include "guest.h"

int main(void)
{
	struct stat st;
	guest_tmp();
	guest_file("a", "from a");
	guest_file("b", "from b");
	CHECK_OK("to a new name", rename("a", "c"));
	CHECK_ERR("the old name is gone", stat("a", &st), ENOENT);
	int fd = (int)MUST(open("b", O_RDONLY));
	CHECK_OK("over an existing file", rename("c", "b"));
	CHECK_STR("the new contents", guest_text("b"), "from a");
	char text[16] = "";
	CHECK_EQ("the replaced file lives while open", read(fd, text, sizeof text), 6);
	CHECK_STR("contents", text, "from b");
	MUST(fstat(fd, &st));
	CHECK_EQ("links", st.st_nlink, 0);
	CHECK_OK("to itself", rename("b", "b"));
	MUST(link("b", "hard"));
	CHECK_OK("to another link of the same file", rename("b", "hard"));
	CHECK_OK("does nothing", stat("b", &st));

	MUST(mkdir("d", 0755));
	MUST(mkdir("e", 0755));
	MUST(mkdir("full", 0755));
	guest_file("full/x", "");
	CHECK_ERR("file over a directory", rename("b", "d"), EISDIR);
	CHECK_ERR("directory over a file", rename("d", "b"), ENOTDIR);
	CHECK_ERR("directory over a full one", rename("d", "full"), ENOTEMPTY);
	CHECK_OK("directory over an empty one", rename("full", "e"));
	CHECK_OK("its contents came along", stat("e/x", &st));
	CHECK_ERR("a directory into itself", rename("e", "e/sub"), EINVAL);
	CHECK_ERR("missing", rename("no", "other"), ENOENT);
	CHECK_ERR("missing target directory", rename("b", "no/b"), ENOENT);
	CHECK_ERR("file as directory", rename("b", "hard/b"), ENOTDIR);
	CHECK_ERR("dot", rename("d/.", "z"), EBUSY);
	CHECK_OK("into another directory", rename("b", "d/b"));
	CHECK_STR("contents", guest_text("d/b"), "from a");
	MUST(symlink("d", "link"));
	CHECK_OK("a link itself", rename("link", "link2"));
	MUST(lstat("link2", &st));
	CHECK("still a link", S_ISLNK(st.st_mode));
	return guest_done();
}
