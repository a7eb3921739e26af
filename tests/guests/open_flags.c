/* open: O_CREAT, O_EXCL, O_TRUNC, O_DIRECTORY, O_NOFOLLOW, O_PATH, access
   modes. See open(2). static-too */
#include "guest.h"

int main(void)
{
	char text[16] = "";
	struct stat st;
	guest_tmp();
	CHECK_ERR("missing", open("f", O_RDWR), ENOENT);
	CHECK_ERR("O_EXCL alone creates nothing", open("f", O_RDWR | O_EXCL), ENOENT);
	int fd = (int)CHECK_OK("O_CREAT | O_EXCL", open("f", O_RDWR | O_CREAT | O_EXCL, 0600));
	CHECK_ERR("O_CREAT | O_EXCL again", open("f", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	MUST(write(fd, "contents", 8));
	CHECK_OK("O_CREAT of an existing one", open("f", O_RDWR | O_CREAT, 0777));
	MUST(fstat(fd, &st));
	CHECK_OCT("mode unchanged", st.st_mode & 07777, 0600);
	CHECK_EQ("size unchanged", st.st_size, 8);
	int r = (int)MUST(open("f", O_RDONLY)), w = (int)MUST(open("f", O_WRONLY));
	CHECK_ERR("write to O_RDONLY", write(r, "x", 1), EBADF);
	CHECK_ERR("read from O_WRONLY", read(w, text, 1), EBADF);
	CHECK_ERR("ftruncate of O_RDONLY", ftruncate(r, 0), EINVAL);
	CHECK_OK("O_TRUNC", open("f", O_WRONLY | O_TRUNC));
	MUST(fstat(fd, &st));
	CHECK_EQ("size", st.st_size, 0);
	CHECK_EQ("reader is at the end", read(r, text, 1), 0);
	CHECK_EQ("the old offset stays", write(fd, "x", 1), 1);
	MUST(fstat(fd, &st));
	CHECK_EQ("size with a hole", st.st_size, 9);

	MUST(mkdir("d", 0755));
	MUST(symlink("f", "link"));
	CHECK_OK("O_DIRECTORY", open("d", O_RDONLY | O_DIRECTORY));
	CHECK_ERR("O_DIRECTORY of a file", open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERR("directory for writing", open("d", O_WRONLY), EISDIR);
	CHECK_ERR("O_CREAT of a directory", open("d", O_RDONLY | O_CREAT, 0644), EISDIR);
	CHECK_OK("through a link", open("link", O_RDONLY));
	CHECK_ERR("O_NOFOLLOW of a link", open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERR("O_CREAT | O_EXCL of a link", open("link", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	int path = (int)CHECK_OK("O_PATH", open("f", O_PATH));
	CHECK_ERR("read of O_PATH", read(path, text, 1), EBADF);
	CHECK_OK("fstat of O_PATH", fstat(path, &st));
	path = (int)CHECK_OK("O_PATH | O_NOFOLLOW of a link", open("link", O_PATH | O_NOFOLLOW));
	MUST(fstat(path, &st));
	CHECK("is the link itself", S_ISLNK(st.st_mode));
	CHECK_OK("creat", creat("new", 0640));
	CHECK_EQ("close-on-exec", fcntl((int)MUST(open("f", O_RDONLY | O_CLOEXEC)), F_GETFD), FD_CLOEXEC);
	return guest_done();
}
