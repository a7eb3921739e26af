/* O_TMPFILE: a file without a name, given one later. File systems may lack it;
   then nothing more is asked. See open(2), linkat(2). static-too */
#include "guest.h"

int main(void)
{
	char path[40], text[8] = "";
	struct stat st;
	guest_tmp();
	int fd = open(".", O_RDWR | O_TMPFILE, 0600), good = 1;
	if (fd == -1) {
		CHECK("works or is refused", errno == EOPNOTSUPP || errno == EISDIR);
		return guest_done();
	}
	good = good && write(fd, "hidden", 6) == 6 && fstat(fd, &st) == 0 && st.st_nlink == 0;
	DIR *d = opendir(".");
	for (struct dirent *e; (e = readdir(d));)
		good = good && e->d_name[0] == '.';
	sprintf(path, "/proc/self/fd/%d", fd);
	good = good && linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0;
	good = good && fstat(fd, &st) == 0 && st.st_nlink == 1 && !strcmp(guest_text("named"), "hidden");
	good = good && open(".", O_RDONLY | O_TMPFILE, 0600) == -1 && errno == EINVAL;
	good = good && pread(fd, text, 6, 0) == 6 && !strcmp(text, "hidden");
	CHECK("works or is refused", good); /* the same line, whether it is there or not */
	return guest_done();
}
