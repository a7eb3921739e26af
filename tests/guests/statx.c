/* statx: mask, fields, flags and errors. See statx(2). static-too */
#include "guest.h"
#include <sys/sysmacros.h>

int main(void)
{
	struct statx x;
	struct stat st;
	guest_tmp();
	guest_file("f", "0123456789");
	MUST(symlink("f", "link"));
	MUST(stat("f", &st));
	CHECK_OK("statx", statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &x));
	CHECK("all basic fields", (x.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
	CHECK("type", S_ISREG(x.stx_mode));
	CHECK_OCT("mode", x.stx_mode & 07777, 0644);
	CHECK_EQ("size", x.stx_size, 10);
	CHECK_EQ("links", x.stx_nlink, 1);
	CHECK("same as stat", x.stx_ino == st.st_ino && x.stx_uid == st.st_uid && x.stx_gid == st.st_gid);
	CHECK("times", x.stx_mtime.tv_sec == st.st_mtim.tv_sec && x.stx_mtime.tv_nsec == st.st_mtim.tv_nsec);
	CHECK("device", makedev(x.stx_dev_major, x.stx_dev_minor) == st.st_dev);
	MUST(statx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &x));
	CHECK("not following", S_ISLNK(x.stx_mode));
	int fd = (int)MUST(open("f", O_RDONLY));
	CHECK_OK("descriptor", statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &x));
	CHECK_EQ("size", x.stx_size, 10);
	CHECK_ERR("missing", statx(AT_FDCWD, "no", 0, STATX_ALL, &x), ENOENT);
	CHECK_ERR("empty path", statx(fd, "", 0, STATX_SIZE, &x), ENOENT);
	CHECK_ERR("file as directory", statx(fd, "x", 0, STATX_SIZE, &x), ENOTDIR);
	CHECK_ERR("unknown flags", statx(AT_FDCWD, "f", 1 << 20, STATX_SIZE, &x), EINVAL);
	CHECK_ERR("reserved mask", statx(AT_FDCWD, "f", 0, 0x80000000u, &x), EINVAL);
	CHECK_ERR("bad descriptor", statx(1000, "", AT_EMPTY_PATH, STATX_SIZE, &x), EBADF);
	return guest_done();
}
