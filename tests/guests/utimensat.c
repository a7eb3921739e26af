/* Setting file times: explicit, now, omitted, on links. See utimensat(2). static-too */
#include "guest.h"

static struct stat st;

static void times(const char *name, const char *path, long atime, long mtime)
{
	MUST(lstat(path, &st));
	char text[100], want[100];
	snprintf(text, sizeof text, "%ld.%09ld %ld.%09ld", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
		 (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	snprintf(want, sizeof want, "%ld.%09ld %ld.%09ld", atime, atime % 1000, mtime, mtime % 1000);
	CHECK_STR(name, text, want);
}

int main(void)
{
	guest_tmp();
	guest_file("f", "");
	MUST(symlink("f", "link"));
	struct timespec t[2] = {{1000000123, 123}, {1100000456, 456}};
	CHECK_OK("utimensat", utimensat(AT_FDCWD, "f", t, 0));
	times("both", "f", 1000000123, 1100000456);
	t[0].tv_nsec = UTIME_OMIT, t[1] = (struct timespec){1200000789, 789};
	CHECK_OK("UTIME_OMIT", utimensat(AT_FDCWD, "f", t, 0));
	times("only the second", "f", 1000000123, 1200000789);
	t[1].tv_nsec = UTIME_OMIT;
	CHECK_OK("both omitted", utimensat(AT_FDCWD, "f", t, 0));
	times("unchanged", "f", 1000000123, 1200000789);
	t[0] = (struct timespec){1000000001, 1}, t[1] = (struct timespec){1000000002, 2};
	CHECK_OK("on the link", utimensat(AT_FDCWD, "link", t, AT_SYMLINK_NOFOLLOW));
	times("link", "link", 1000000001, 1000000002);
	times("target", "f", 1000000123, 1200000789);
	int fd = (int)MUST(open("f", O_RDONLY));
	CHECK_OK("futimens", futimens(fd, t));
	times("both", "f", 1000000001, 1000000002);
	t[0].tv_nsec = UTIME_NOW, t[1].tv_nsec = UTIME_OMIT;
	CHECK_OK("UTIME_NOW", futimens(fd, t));
	MUST(fstat(fd, &st));
	CHECK("is later than any of these", st.st_atim.tv_sec != 1000000001 && st.st_mtim.tv_sec == 1000000002);
	CHECK_OK("NULL is now", utimensat(AT_FDCWD, "f", NULL, 0));
	MUST(fstat(fd, &st));
	CHECK("mtime moved", st.st_mtim.tv_sec != 1000000002);
	t[0].tv_nsec = 1000000000;
	CHECK_ERR("bad nanoseconds", utimensat(AT_FDCWD, "f", t, 0), EINVAL);
	CHECK_ERR("missing", utimensat(AT_FDCWD, "no", NULL, 0), ENOENT);
	CHECK_ERR("unknown flags", utimensat(AT_FDCWD, "f", NULL, 1), EINVAL);
	return guest_done();
}
