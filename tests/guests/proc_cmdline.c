/* /proc/self/cmdline and environ hold what exec was given. See proc(5). static-too */
#include "guest.h"

/* the file's bytes with 0 shown as a bar */
static const char *shown(const char *path)
{
	static char text[1000];
	int fd = (int)MUST(open(path, O_RDONLY));
	size_t n = guest_read(fd, text, sizeof text - 1);
	for (size_t i = 0; i < n; i++)
		if (!text[i])
			text[i] = '|';
	text[n] = 0;
	MUST(close(fd));
	return text;
}

int main(int argc, char **argv)
{
	char *args[] = {"guest name", "one", "", "two words", NULL}, *env[] = {"A=1", "B=", NULL};
	if (argc == 1) {
		fflush(stdout);
		execve("/proc/self/exe", args, env);
		return 1;
	}
	CHECK_STR("cmdline", shown("/proc/self/cmdline"), "guest name|one||two words|");
	CHECK_STR("environ", shown("/proc/self/environ"), "A=1|B=|");
	argv[1][0] = 'O'; /* the file shows the process's own memory */
	CHECK_STR("cmdline after a store", shown("/proc/self/cmdline"), "guest name|One||two words|");
	pid_t pid = guest_fork();
	if (pid == 0) {
		char path[40];
		sprintf(path, "/proc/%d/cmdline", getppid());
		_exit(strcmp(shown(path), "guest name|One||two words|") ? 1 : 0);
	}
	CHECK_EXIT("seen by a child under the number", guest_wait(pid), 0);
	return guest_done();
}
