/* O_APPEND: every write goes to the end, whatever the offset, also from two
   processes. See open(2), write(2). static-too */
#include "guest.h"

int main(void)
{
	char text[64] = "";
	guest_tmp();
	guest_file("f", "start");
	int fd = (int)MUST(open("f", O_RDWR | O_APPEND));
	CHECK_EQ("offset at first", lseek(fd, 0, SEEK_CUR), 0);
	MUST(write(fd, "-one", 4));
	CHECK_EQ("offset after a write", lseek(fd, 0, SEEK_CUR), 9);
	MUST(lseek(fd, 0, SEEK_SET));
	CHECK_EQ("read from the offset", read(fd, text, 5), 5);
	MUST(write(fd, "-two", 4));
	CHECK_STR("file", guest_text("f"), "start-one-two");
	MUST(pwrite(fd, "-three", 6, 0)); /* Linux appends here too */
	CHECK_STR("after pwrite at 0", guest_text("f"), "start-one-two-three");
	int plain = (int)MUST(open("f", O_WRONLY));
	MUST(write(plain, "START", 5));
	CHECK_STR("another descriptor", guest_text("f"), "START-one-two-three");

	fd = (int)MUST(open("log", O_WRONLY | O_CREAT | O_APPEND, 0644));
	pid_t pid[2];
	for (int i = 0; i < 2; i++) {
		if ((pid[i] = guest_fork()) == 0) {
			int own = (int)MUST(open("log", O_WRONLY | O_APPEND));
			for (int k = 0; k < 100; k++)
				MUST(write(own, i ? "bbbbbbb\n" : "aaaaaaa\n", 8));
			_exit(0);
		}
	}
	CHECK_EXIT("writer", guest_wait(pid[0]), 0);
	CHECK_EXIT("writer", guest_wait(pid[1]), 0);
	const char *all = guest_text("log");
	int a = 0, b = 0;
	for (const char *p = all; *p; p += 8) {
		a += !strncmp(p, "aaaaaaa\n", 8);
		b += !strncmp(p, "bbbbbbb\n", 8);
	}
	CHECK_EQ("whole lines of the first", a, 100);
	CHECK_EQ("whole lines of the second", b, 100);
	CHECK_EQ("size", strlen(all), 1600);
	return guest_done();
}
