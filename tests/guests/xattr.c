/* Extended attributes of the user: set, get, list, remove, sizes and errors.
   See xattr(7). static-too */
#include "guest.h"
#include <sys/xattr.h>

int main(void)
{
	char text[64];
	guest_tmp();
	guest_file("f", "x");
	MUST(symlink("f", "l"));
	int fd = (int)MUST(open("f", O_RDWR));
	CHECK_ERR("none yet", getxattr("f", "user.a", text, sizeof text), ENODATA);
	CHECK_EQ("nothing to list", listxattr("f", text, sizeof text), 0);
	CHECK_OK("set", setxattr("f", "user.a", "hello", 5, 0));
	CHECK_EQ("get through the link", getxattr("l", "user.a", text, sizeof text), 5);
	CHECK("value", memcmp(text, "hello", 5) == 0);
	CHECK_EQ("size", fgetxattr(fd, "user.a", NULL, 0), 5);
	CHECK_ERR("too small", fgetxattr(fd, "user.a", text, 2), ERANGE);
	CHECK_ERR("XATTR_CREATE", fsetxattr(fd, "user.a", "x", 1, XATTR_CREATE), EEXIST);
	CHECK_ERR("XATTR_REPLACE", fsetxattr(fd, "user.b", "x", 1, XATTR_REPLACE), ENODATA);
	CHECK_OK("empty value", fsetxattr(fd, "user.b", "", 0, XATTR_CREATE));
	CHECK_EQ("list", flistxattr(fd, text, sizeof text), 14);
	CHECK_ERR("list too small", flistxattr(fd, text, 3), ERANGE);
	CHECK_OK("remove", removexattr("f", "user.a"));
	CHECK_ERR("remove again", removexattr("f", "user.a"), ENODATA);
	CHECK_STR("what is left", (flistxattr(fd, text, sizeof text), text), "user.b");
	CHECK_ERR("on a link itself", lsetxattr("l", "user.a", "x", 1, 0), EPERM);
	CHECK_ERR("no such kind", setxattr("f", "other.a", "x", 1, 0), EOPNOTSUPP);
	CHECK_ERR("no name", setxattr("f", "", "x", 1, 0), ERANGE);
	CHECK_ERR("unknown flags", setxattr("f", "user.a", "x", 1, 8), EINVAL);
	CHECK_ERR("no such file", setxattr("none", "user.a", "x", 1, 0), ENOENT);
	CHECK_ERR("no such descriptor", fgetxattr(99, "user.a", text, 1), EBADF);
	return guest_done();
}
