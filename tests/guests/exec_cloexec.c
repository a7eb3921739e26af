/* exec closes the descriptors marked close-on-exec and keeps the others. See
   execve(2), fcntl(2). static-too */
#include "guest.h"

static const char *state(int fd)
{
	return fcntl(fd, F_GETFD) == -1 ? guest_errno_name(errno) : "open";
}

int main(int argc, char **argv)
{
	char a[20], b[20], c[20], d[20], text[3] = "";
	if (argc == 5) {
		CHECK_STR("O_CLOEXEC", state(atoi(argv[1])), "EBADF");
		CHECK_STR("plain", state(atoi(argv[2])), "open");
		CHECK_STR("FD_CLOEXEC set", state(atoi(argv[3])), "EBADF");
		CHECK_STR("dup of a marked one", state(atoi(argv[4])), "open");
		CHECK_EQ("the offset is kept", read(atoi(argv[2]), text, 2), 2);
		CHECK_STR("contents", text, "cd");
		return guest_done();
	}
	(void)argv;
	guest_tmp();
	guest_file("f", "abcdef");
	int marked = (int)MUST(open("f", O_RDONLY | O_CLOEXEC)), plain = (int)MUST(open("f", O_RDONLY));
	int set = (int)MUST(open("f", O_RDONLY)), dupe = (int)MUST(dup(marked));
	MUST(fcntl(set, F_SETFD, FD_CLOEXEC));
	MUST(read(plain, text, 2));
	sprintf(a, "%d", marked), sprintf(b, "%d", plain), sprintf(c, "%d", set), sprintf(d, "%d", dupe);
	char *args[] = {"guest", a, b, c, d, NULL};
	pid_t pid = guest_fork();
	if (pid == 0) {
		execv("/proc/self/exe", args);
		_exit(127);
	}
	CHECK_EXIT("new program", guest_wait(pid), 0);
	CHECK_STR("still open in the parent", state(marked), "open");
	return guest_done();
}
