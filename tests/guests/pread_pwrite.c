/* pread and pwrite leave the offset alone. See pread(2). static-too */
#include "guest.h"

int main(void)
{
	char text[16] = "";
	int p[2];
	struct stat st;
	guest_tmp();
	guest_file("f", "0123456789");
	int fd = (int)MUST(open("f", O_RDWR));
	CHECK_EQ("pread", pread(fd, text, 4, 3), 4);
	CHECK_STR("contents", text, "3456");
	CHECK_EQ("pwrite", pwrite(fd, "ab", 2, 5), 2);
	CHECK_EQ("offset", lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ("read from it", read(fd, text, 8), 8);
	CHECK_STR("contents", text, "01234ab7");
	CHECK_EQ("pread over the end", pread(fd, text, 10, 8), 2);
	CHECK_EQ("pread at the end", pread(fd, text, 10, 10), 0);
	CHECK_EQ("pread far beyond", pread(fd, text, 10, 1 << 20), 0);
	CHECK_EQ("pwrite beyond the end", pwrite(fd, "z", 1, 20), 1);
	MUST(fstat(fd, &st));
	CHECK_EQ("size", st.st_size, 21);
	CHECK_ERR("negative offset", pread(fd, text, 1, -1), EINVAL);
	CHECK_ERR("negative offset, write", pwrite(fd, "x", 1, -1), EINVAL);
	MUST(pipe(p));
	CHECK_ERR("pipe", pwrite(p[1], "x", 1, 0), ESPIPE);
	CHECK_ERR("directory", pread((int)MUST(open(".", O_RDONLY)), text, 1, 0), EISDIR);
	struct iovec io[2] = {{text, 2}, {text + 8, 3}};
	memset(text, 0, sizeof text);
	CHECK_EQ("preadv", preadv(fd, io, 2, 1), 5);
	CHECK_STR("first", text, "12");
	CHECK_STR("second", text + 8, "34a");
	CHECK_EQ("pwritev", pwritev(fd, io, 2, 0), 5);
	CHECK_EQ("preadv2 at the offset", preadv2(fd, io, 1, -1, 0), 2);
	CHECK_STR("contents", text, "89");
	CHECK_ERR("preadv2, unknown flags", preadv2(fd, io, 1, 0, 1 << 30), EOPNOTSUPP);
	return guest_done();
}
