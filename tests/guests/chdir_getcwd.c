/* The working directory: chdir, fchdir, getcwd, inheritance. See chdir(2),
   getcwd(3). static-too */
#include "guest.h"

static char cwd[PATH_MAX];

/* the working directory below the temporary one */
static const char *where(void)
{
	MUST(getcwd(cwd, sizeof cwd) ? 0 : -1);
	size_t n = strlen(guest_dir);
	return strncmp(cwd, guest_dir, n) ? "elsewhere" : cwd[n] ? cwd + n : "top";
}

static void child(void)
{
	CHECK_STR("child starts", where(), "/a");
	MUST(chdir("b"));
	CHECK_STR("child goes", where(), "/a/b");
}

int main(void)
{
	guest_tmp();
	MUST(mkdir("a", 0755));
	MUST(mkdir("a/b", 0755));
	MUST(symlink("a/b", "link"));
	guest_file("f", "");
	CHECK_STR("start", where(), "top");
	int top = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
	CHECK_OK("chdir", chdir("a"));
	CHECK_STR("now", where(), "/a");
	CHECK_EXIT("child", guest_child(child), 0);
	CHECK_STR("the parent stays", where(), "/a");
	CHECK_OK("chdir ..", chdir(".."));
	CHECK_STR("now", where(), "top");
	CHECK_OK("through a link", chdir("link"));
	CHECK_STR("the real path", where(), "/a/b");
	CHECK_OK("fchdir", fchdir(top));
	CHECK_STR("now", where(), "top");
	MUST(rename("a", "renamed"));
	MUST(chdir("renamed"));
	MUST(rename("../renamed", "../again"));
	CHECK_STR("follows a rename", where(), "/again");
	MUST(fchdir(top));
	CHECK_ERR("missing", chdir("no"), ENOENT);
	CHECK_ERR("a file", chdir("f"), ENOTDIR);
	CHECK_ERR("fchdir to a file", fchdir((int)MUST(open("f", O_RDONLY))), ENOTDIR);
	CHECK_ERR("short buffer", getcwd(cwd, 3) ? 0 : -1, ERANGE);
	MUST(chdir("/"));
	CHECK_EQ("length from the system call", syscall(SYS_getcwd, cwd, sizeof cwd), 2);
	CHECK_STR("the root", cwd, "/");
	return guest_done();
}
