/* /proc/self/exe names the program and opens as it; /proc/self is the process
   itself. See proc(5). static-too */
#include "guest.h"

int main(int argc, char **argv)
{
	char path[PATH_MAX], number[20];
	struct stat a, b;
	(void)argc;
	ssize_t n = MUST(readlink("/proc/self/exe", path, sizeof path - 1));
	path[n] = 0;
	CHECK("absolute path", path[0] == '/');
	const char *base = strrchr(path, '/'), *own = strrchr(argv[0], '/');
	CHECK("ends with the program's name", !strcmp(base + 1, own ? own + 1 : argv[0]));
	CHECK_OK("stat of the link", stat("/proc/self/exe", &a));
	CHECK_OK("stat of the path", stat(path, &b));
	CHECK("same file", a.st_ino == b.st_ino && a.st_dev == b.st_dev && a.st_size == b.st_size);
	char head[4] = "";
	int fd = (int)CHECK_OK("open", open("/proc/self/exe", O_RDONLY));
	CHECK_EQ("read", read(fd, head, 4), 4);
	CHECK("an ELF file", !memcmp(head, "\177ELF", 4));
	n = MUST(readlink("/proc/self", number, sizeof number - 1));
	number[n] = 0;
	CHECK("/proc/self is the process id", atoi(number) == getpid());
	pid_t pid = guest_fork();
	if (pid == 0) {
		n = readlink("/proc/self", number, sizeof number - 1);
		number[n] = 0;
		_exit(atoi(number) == getpid() ? 0 : 1);
	}
	CHECK_EXIT("also in a child", guest_wait(pid), 0);
	n = MUST(readlink("/proc/thread-self", path, sizeof path - 1));
	path[n] = 0;
	CHECK("/proc/thread-self", strstr(path, "/task/") && atoi(strrchr(path, '/') + 1) == getpid());
	CHECK_ERR("no such process", stat("/proc/999999999", &a), ENOENT);
	return guest_done();
}
