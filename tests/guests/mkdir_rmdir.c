/* Directories: making, removing, link counts, errors. See mkdir(2), rmdir(2). static-too */
#include "guest.h"

int main(void)
{
	struct stat st;
	char *big = malloc(PATH_MAX);
	guest_tmp();
	guest_file("f", "");
	CHECK_OK("mkdir", mkdir("d", 0755));
	CHECK_ERR("mkdir again", mkdir("d", 0755), EEXIST);
	CHECK_ERR("mkdir over a file", mkdir("f", 0755), EEXIST);
	CHECK_ERR("mkdir below nothing", mkdir("no/d", 0755), ENOENT);
	CHECK_ERR("mkdir below a file", mkdir("f/d", 0755), ENOTDIR);
	CHECK_ERR("mkdir of nothing", mkdir("", 0755), ENOENT);
	CHECK_ERR("mkdir of /", mkdir("/", 0755), EEXIST);
	CHECK_OK("mkdir with a slash", mkdir("d/e/", 0700));
	MUST(stat("d/e", &st));
	CHECK_OCT("mode", st.st_mode & 07777, 0700);
	CHECK_ERR("rmdir, not empty", rmdir("d"), ENOTEMPTY);
	CHECK_ERR("rmdir of a file", rmdir("f"), ENOTDIR);
	CHECK_ERR("rmdir of nothing", rmdir("no"), ENOENT);
	CHECK_ERR("rmdir of dot", rmdir("d/e/."), EINVAL);
	CHECK_ERR("rmdir of dot dot", rmdir("d/e/.."), ENOTEMPTY);
	CHECK_ERR("unlink of a directory", unlink("d/e"), EISDIR);
	CHECK_OK("rmdir", rmdir("d/e"));
	MUST(symlink("d", "link"));
	CHECK_ERR("rmdir of a link", rmdir("link"), ENOTDIR);
	int fd = (int)MUST(open("d", O_RDONLY | O_DIRECTORY));
	MUST(chdir("d"));
	CHECK_OK("rmdir of the working directory", rmdir("../d"));
	CHECK_ERR("getcwd there", getcwd(big, PATH_MAX) ? 0 : -1, ENOENT);
	CHECK_ERR("create there", open("x", O_WRONLY | O_CREAT, 0644), ENOENT);
	CHECK_ERR("mkdir there", mkdir("x", 0755), ENOENT);
	CHECK_OK("the open directory is still there", fstat(fd, &st));
	CHECK_EQ("without links", st.st_nlink, 0);
	CHECK_OK("back by name", chdir(guest_dir));
	return guest_done();
}
