/* The fields of stat: type, mode, size, links, owner, identity, times. See
   stat(2), inode(7). static-too */
#include "guest.h"

int main(void)
{
	struct stat a, b, d;
	int p[2];
	guest_tmp();
	guest_file("f", "0123456789");
	MUST(mkdir("dir", 0750));
	MUST(symlink("f", "link"));
	MUST(stat("f", &a));
	CHECK("regular file", S_ISREG(a.st_mode));
	CHECK_OCT("mode", a.st_mode & 07777, 0644);
	CHECK_EQ("size", a.st_size, 10);
	CHECK_EQ("links", a.st_nlink, 1);
	CHECK("owner", a.st_uid == geteuid());
	CHECK("block size", a.st_blksize > 0);
	CHECK("times", a.st_mtime > 0 && a.st_ctime > 0 && a.st_atime > 0);
	int fd = (int)MUST(open("f", O_RDWR));
	MUST(fstat(fd, &b));
	CHECK("fstat tells the same", a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size);
	MUST(stat("link", &b));
	CHECK("stat follows a link", a.st_ino == b.st_ino);
	MUST(lstat("link", &b));
	CHECK("lstat does not", S_ISLNK(b.st_mode) && a.st_ino != b.st_ino);
	CHECK_EQ("size of the link", b.st_size, 1);
	MUST(stat("dir", &d));
	CHECK("directory", S_ISDIR(d.st_mode) && d.st_ino != a.st_ino && d.st_dev == a.st_dev);
	CHECK_OCT("its mode", d.st_mode & 07777, 0750);
	MUST(link("f", "second"));
	MUST(stat("second", &b));
	CHECK("a hard link is the same file", b.st_ino == a.st_ino);
	CHECK_EQ("links", b.st_nlink, 2);
	guest_sleep_ms(20); /* more than a tick of the file clock */
	MUST(pwrite(fd, "x", 1, 20));
	MUST(fstat(fd, &b));
	CHECK("writing moves mtime and ctime", b.st_mtim.tv_sec * 1000000000LL + b.st_mtim.tv_nsec >
	      a.st_mtim.tv_sec * 1000000000LL + a.st_mtim.tv_nsec && b.st_ctim.tv_sec == b.st_mtim.tv_sec);
	CHECK_EQ("size", b.st_size, 21);
	MUST(pipe(p));
	MUST(fstat(p[0], &b));
	CHECK("pipe", S_ISFIFO(b.st_mode) && b.st_size == 0);
	MUST(stat("/dev/null", &b));
	CHECK("character device", S_ISCHR(b.st_mode));
	MUST(fstatat(AT_FDCWD, "link", &b, AT_SYMLINK_NOFOLLOW));
	CHECK("fstatat of the link", S_ISLNK(b.st_mode));
	CHECK_OK("fstatat of a descriptor", fstatat(fd, "", &b, AT_EMPTY_PATH));
	CHECK_ERR("without AT_EMPTY_PATH", fstatat(fd, "", &b, 0), ENOENT);
	CHECK_ERR("unknown flags", fstatat(AT_FDCWD, "f", &b, 1 << 20), EINVAL);
	return guest_done();
}
