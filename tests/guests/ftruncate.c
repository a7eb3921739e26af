/* truncate and ftruncate: shrinking, growing with zeros, errors. See
   truncate(2). static-too */
#include "guest.h"

static struct stat st;

static long size(const char *path)
{
	MUST(stat(path, &st));
	return st.st_size;
}

int main(void)
{
	char text[32];
	guest_tmp();
	guest_file("f", "0123456789");
	int fd = (int)MUST(open("f", O_RDWR)), p[2];
	MUST(lseek(fd, 8, SEEK_SET));
	CHECK_OK("shrink", ftruncate(fd, 4));
	CHECK_EQ("size", size("f"), 4);
	CHECK_EQ("the offset stays", lseek(fd, 0, SEEK_CUR), 8);
	CHECK_OK("grow", ftruncate(fd, 12));
	CHECK_EQ("read", pread(fd, text, sizeof text, 0), 12);
	CHECK("the old end is gone", !memcmp(text, "0123\0\0\0\0\0\0\0\0", 12));
	CHECK_OK("truncate by path", truncate("f", 2));
	CHECK_EQ("size", size("f"), 2);
	CHECK_OK("far", truncate("f", 5000000));
	CHECK_EQ("size", size("f"), 5000000);
	CHECK_OK("to 0", ftruncate(fd, 0));
	CHECK_EQ("size", size("f"), 0);
	CHECK_ERR("negative", ftruncate(fd, -1), EINVAL);
	CHECK_ERR("negative, path", truncate("f", -1), EINVAL);
	CHECK_ERR("missing", truncate("no", 0), ENOENT);
	CHECK_ERR("directory", truncate(".", 0), EISDIR);
	CHECK_ERR("read-only descriptor", ftruncate((int)MUST(open("f", O_RDONLY)), 0), EINVAL);
	MUST(pipe(p));
	CHECK_ERR("pipe", ftruncate(p[1], 0), EINVAL);
	return guest_done();
}
