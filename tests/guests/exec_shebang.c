/* A script starts its interpreter with the optional argument and its own path.
   See execve(2). static-too */
#include "guest.h"

int main(int argc, char **argv)
{
	if (argc > 1) {
		for (int i = 1; i < argc; i++)
			printf("argument %d: \"%s\"\n", i, argv[i]);
		return argc;
	}
	char self[200], line[300], *args[] = {"ignored name", "first", "second arg", NULL};
	ssize_t n = MUST(readlink("/proc/self/exe", self, sizeof self - 1));
	self[n] = 0;
	guest_tmp();
	snprintf(line, sizeof line, "#! %s  one argument \nrest\n", self);
	guest_file("script", line);
	snprintf(line, sizeof line, "#!%s\n", self);
	guest_file("bare", line);
	guest_file("script2", "#!./script with\n");
	MUST(chmod("script", 0755));
	MUST(chmod("bare", 0755));
	MUST(chmod("script2", 0755));
	const char *path[] = {"./script", "./bare", "./script2"};
	const int argcs[] = {5, 4, 7}; /* the interpreter of script2 is itself a script */
	for (int i = 0; i < 3; i++) {
		pid_t pid = guest_fork();
		if (pid == 0) {
			execv(path[i], args);
			_exit(127);
		}
		CHECK_EXIT(path[i], guest_wait(pid), argcs[i]);
	}
	return guest_done();
}
