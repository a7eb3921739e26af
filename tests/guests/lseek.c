/* lseek: the three origins, beyond the end, before the start, holes read as
   zero. See lseek(2). static-too */
#include "guest.h"

int main(void)
{
	char text[16];
	struct stat st;
	guest_tmp();
	guest_file("f", "0123456789");
	int fd = (int)MUST(open("f", O_RDWR));
	CHECK_EQ("SEEK_SET", lseek(fd, 4, SEEK_SET), 4);
	CHECK_EQ("SEEK_CUR", lseek(fd, 3, SEEK_CUR), 7);
	CHECK_EQ("SEEK_CUR back", lseek(fd, -2, SEEK_CUR), 5);
	MUST(read(fd, text, 1));
	CHECK_EQ("what is there", text[0], '5');
	CHECK_EQ("SEEK_END", lseek(fd, 0, SEEK_END), 10);
	CHECK_EQ("SEEK_END back", lseek(fd, -1, SEEK_END), 9);
	CHECK_EQ("read over the end", read(fd, text, 5), 1);
	CHECK_EQ("read at the end", read(fd, text, 5), 0);
	CHECK_ERR("before the start", lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_EQ("the offset is unchanged", lseek(fd, 0, SEEK_CUR), 10);
	CHECK_ERR("before the start, from the end", lseek(fd, -11, SEEK_END), EINVAL);
	CHECK_ERR("unknown origin", lseek(fd, 0, 77), EINVAL);
	CHECK_EQ("beyond the end", lseek(fd, 100000, SEEK_SET), 100000);
	CHECK_EQ("read there", read(fd, text, 5), 0);
	MUST(fstat(fd, &st));
	CHECK_EQ("the size is unchanged", st.st_size, 10);
	MUST(write(fd, "far", 3));
	MUST(fstat(fd, &st));
	CHECK_EQ("a write makes a hole", st.st_size, 100003);
	int zero = 1, n;
	static char all[100010];
	CHECK_EQ("read all", (n = (int)pread(fd, all, sizeof all, 0)), 100003);
	for (int i = 10; i < 100000; i++)
		zero = zero && all[i] == 0;
	CHECK("the hole is zero", zero && !memcmp(all + 100000, "far", 3) && !memcmp(all, "0123456789", 10));
	CHECK_EQ("SEEK_DATA at data", lseek(fd, 0, SEEK_DATA), 0);
	CHECK_ERR("SEEK_DATA beyond the end", lseek(fd, 200000, SEEK_DATA), ENXIO);
	CHECK_EQ("SEEK_HOLE in the last data is the end", lseek(fd, 100001, SEEK_HOLE), 100003);
	CHECK_ERR("a directory has an offset, not before 0",
		  lseek((int)MUST(open(".", O_RDONLY)), -1, SEEK_SET), EINVAL);
	return guest_done();
}
