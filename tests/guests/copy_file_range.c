/* copy_file_range: offsets, the end, overlaps, errors. See copy_file_range(2). static-too */
#include "guest.h"

int main(void)
{
	loff_t from = 2, to = 4;
	int p[2];
	guest_tmp();
	guest_file("in", "0123456789");
	int in = (int)MUST(open("in", O_RDWR)), out = (int)MUST(open("out", O_RDWR | O_CREAT, 0644));
	CHECK_EQ("with file offsets", copy_file_range(in, NULL, out, NULL, 4, 0), 4);
	CHECK_EQ("input offset", lseek(in, 0, SEEK_CUR), 4);
	CHECK_EQ("output offset", lseek(out, 0, SEEK_CUR), 4);
	CHECK_EQ("with own offsets", copy_file_range(in, &from, out, &to, 3, 0), 3);
	CHECK_EQ("input", from, 5);
	CHECK_EQ("output", to, 7);
	CHECK_EQ("input offset is unchanged", lseek(in, 0, SEEK_CUR), 4);
	CHECK_STR("contents", guest_text("out"), "0123234");
	CHECK_EQ("up to the end", copy_file_range(in, &from, out, &to, 100, 0), 5);
	CHECK_EQ("at the end", copy_file_range(in, &from, out, &to, 100, 0), 0);
	CHECK_EQ("length 0", copy_file_range(in, NULL, out, NULL, 0, 0), 0);
	from = 0, to = 7;
	CHECK_EQ("within one file", copy_file_range(in, &from, in, &to, 3, 0), 3);
	CHECK_STR("contents", guest_text("in"), "0123456012");
	from = 0, to = 2;
	CHECK_ERR("overlapping", copy_file_range(in, &from, in, &to, 5, 0), EINVAL);
	CHECK_ERR("flags", copy_file_range(in, &from, out, &to, 1, 1), EINVAL);
	CHECK_ERR("output read-only", copy_file_range(in, &from, (int)MUST(open("out", O_RDONLY)), &to, 1, 0), EBADF);
	CHECK_ERR("output O_APPEND",
		  copy_file_range(in, &from, (int)MUST(open("out", O_WRONLY | O_APPEND)), NULL, 1, 0), EBADF);
	CHECK_ERR("input directory", copy_file_range((int)MUST(open(".", O_RDONLY)), NULL, out, NULL, 1, 0), EISDIR);
	MUST(pipe(p));
	CHECK_ERR("pipe", copy_file_range(in, &from, p[1], NULL, 1, 0), EINVAL);
	return guest_done();
}
