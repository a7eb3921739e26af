/* Permission bits: umask at creation, chmod, fchmod, fchmodat. See chmod(2),
   umask(2). static-too */
#include "guest.h"

static int mode(const char *path)
{
	struct stat st;
	MUST(stat(path, &st));
	return st.st_mode & 07777;
}

static void child(void)
{
	CHECK_OCT("inherited umask", umask(0), 0027);
}

int main(void)
{
	guest_tmp();
	CHECK_OCT("umask tells the old one", umask(0027), 022);
	int fd = (int)MUST(open("f", O_RDWR | O_CREAT, 0666));
	CHECK_OCT("file 0666", mode("f"), 0640);
	MUST(mkdir("d", 0777));
	CHECK_OCT("directory 0777", mode("d"), 0750);
	MUST(mkfifo("p", 0666));
	CHECK_OCT("fifo 0666", mode("p"), 0640);
	CHECK_EXIT("child", guest_child(child), 0);
	CHECK_OCT("only nine bits are kept", (umask(07777), umask(022)), 0777);
	CHECK_OK("chmod ignores the umask", chmod("f", 0777));
	CHECK_OCT("mode", mode("f"), 0777);
	CHECK_OK("fchmod", fchmod(fd, 0));
	CHECK_OCT("mode", mode("f"), 0);
	CHECK_EQ("an open descriptor keeps its right", write(fd, "x", 1), 1);
	CHECK_OK("set-user-ID", chmod("f", 04711));
	CHECK_OCT("mode", mode("f"), 04711);
	CHECK_OK("sticky directory", chmod("d", 01777));
	CHECK_OCT("mode", mode("d"), 01777);
	CHECK_OK("fchmodat", fchmodat(AT_FDCWD, "f", 0600, 0));
	CHECK_OCT("mode", mode("f"), 0600);
	MUST(symlink("f", "link"));
	CHECK_OK("through a link", chmod("link", 0644));
	CHECK_OCT("the target's mode", mode("f"), 0644);
	CHECK_ERR("missing", chmod("no", 0644), ENOENT);
	CHECK_ERR("file as directory", chmod("f/x", 0644), ENOTDIR);
	int odd = (int)MUST(open("odd", O_CREAT | O_WRONLY, 0444));
	CHECK_OCT("created read-only", mode("odd"), 0444);
	CHECK_EQ("yet written through the descriptor that created it", write(odd, "x", 1), 1);
	return guest_done();
}
