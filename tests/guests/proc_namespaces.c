/* The namespaces of a process by the links in /proc/PID/ns, which are those of
   its parent. See namespaces(7). static-too */
#include "guest.h"

int main(void)
{
	static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
	pid_t pid = guest_fork();
	if (pid == 0)
		for (;;)
			pause();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[64], own[64] = "", childs[64] = "", want[64];
		snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
		MUST(readlink(path, own, sizeof own - 1));
		snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, names[i]);
		MUST(readlink(path, childs, sizeof childs - 1));
		snprintf(want, sizeof want, "%s:[", names[i]);
		CHECK(names[i], strncmp(own, want, strlen(want)) == 0 && strtoul(own + strlen(want), NULL, 10) > 0);
		CHECK_EQ("is inherited", strcmp(own, childs), 0);
	}
	char text[64];
	CHECK_ERR("no such namespace", readlink("/proc/self/ns/none", text, sizeof text), ENOENT);
	MUST(kill(pid, SIGKILL));
	guest_wait(pid);
	return guest_done();
}
