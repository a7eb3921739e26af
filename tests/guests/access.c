/* access and faccessat: existence and permissions that hold for every user.
   See access(2). static-too */
#include "guest.h"

int main(void)
{
	guest_tmp();
	guest_file("f", "");
	MUST(mkdir("d", 0755));
	MUST(symlink("no", "dangling"));
	CHECK_OK("F_OK", access("f", F_OK));
	CHECK_OK("R_OK | W_OK", access("f", R_OK | W_OK));
	CHECK_ERR("X_OK of 0644", access("f", X_OK), EACCES);
	MUST(chmod("f", 0755));
	CHECK_OK("X_OK of 0755", access("f", R_OK | W_OK | X_OK));
	CHECK_OK("X_OK of a directory", access("d", X_OK));
	CHECK_ERR("missing", access("no", F_OK), ENOENT);
	CHECK_ERR("dangling link", access("dangling", F_OK), ENOENT);
	CHECK_ERR("file as directory", access("f/x", F_OK), ENOTDIR);
	CHECK_ERR("unknown mode", access("f", 64), EINVAL);
	int fd = (int)MUST(open("d", O_RDONLY));
	CHECK_ERR("faccessat below", faccessat(fd, "f", F_OK, 0), ENOENT);
	CHECK_OK("faccessat above", faccessat(fd, "../f", R_OK, 0));
	CHECK_OK("AT_EACCESS", faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
	CHECK_OK("AT_SYMLINK_NOFOLLOW", faccessat(AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW));
	CHECK_ERR("faccessat, bad descriptor", faccessat(1000, "f", F_OK, 0), EBADF);
	return guest_done();
}
