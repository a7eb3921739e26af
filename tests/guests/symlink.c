/* Symbolic links: readlink, relative and absolute targets, dangling, loops and
   the limit of forty. See symlink(2), readlink(2), path_resolution(7). static-too */
#include "guest.h"

int main(void)
{
	char text[200], from[20], to[20];
	struct stat st;
	guest_tmp();
	MUST(mkdir("d", 0755));
	guest_file("d/f", "text");
	CHECK_OK("symlink", symlink("d/f", "rel"));
	CHECK_EQ("readlink", readlink("rel", text, sizeof text), 3);
	CHECK_STR("target", (text[3] = 0, text), "d/f");
	CHECK_EQ("readlink, short buffer", readlink("rel", text, 2), 2);
	CHECK_ERR("readlink, length 0", syscall(SYS_readlink, "rel", text, 0), EINVAL);
	CHECK_ERR("readlink of a file", readlink("d/f", text, 10), EINVAL);
	CHECK_ERR("readlink of nothing", readlink("no", text, 10), ENOENT);
	MUST(lstat("rel", &st));
	CHECK_EQ("size", st.st_size, 3);
	CHECK_STR("through it", guest_text("rel"), "text");
	snprintf(text, sizeof text, "%s/d", guest_dir);
	MUST(symlink(text, "abs"));
	CHECK_STR("through an absolute one", guest_text("abs/f"), "text");
	MUST(symlink("f", "d/near"));
	CHECK_STR("relative to its own directory", guest_text("d/near"), "text");
	CHECK_ERR("existing name", symlink("x", "rel"), EEXIST);
	CHECK_ERR("empty target", symlink("", "e"), ENOENT);
	CHECK_OK("dangling", symlink("nowhere", "dangling"));
	CHECK_ERR("stat of it", stat("dangling", &st), ENOENT);
	CHECK_OK("lstat of it", lstat("dangling", &st));
	MUST(symlink("two", "one"));
	MUST(symlink("one", "two"));
	CHECK_ERR("loop", open("one", O_RDONLY), ELOOP);
	CHECK_ERR("loop in the middle", stat("one/x", &st), ELOOP);
	MUST(symlink("d/f", "l0"));
	for (int i = 1; i <= 40; i++) {
		sprintf(from, "l%d", i), sprintf(to, "l%d", i - 1);
		MUST(symlink(to, from));
	}
	CHECK_OK("chain of 40", stat("l39", &st));
	CHECK_ERR("chain of 41", stat("l40", &st), ELOOP);
	CHECK_OK("unlink removes the link", unlink("rel"));
	CHECK_OK("not the target", stat("d/f", &st));
	return guest_done();
}
