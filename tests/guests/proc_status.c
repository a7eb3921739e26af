/* /proc/self/status: ids, state, threads, signal masks. See proc(5). static-too */
#include "guest.h"

static char text[200];

static const char *field(const char *path, const char *name)
{
	const char *at = guest_text(path);
	size_t n = strlen(name);
	while (at && (strncmp(at, name, n) || at[n] != ':'))
		at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
	if (!at)
		return "missing";
	at += n + 1 + strspn(at + n + 1, " \t");
	snprintf(text, sizeof text, "%.*s", (int)strcspn(at, "\n"), at);
	return text;
}

static const char *own(const char *name) { return field("/proc/self/status", name); }

static void *wait_at(void *arg)
{
	pthread_barrier_wait(arg);
	pthread_barrier_wait(arg);
	return NULL;
}

int main(void)
{
	pthread_barrier_t b;
	pthread_t t[2];
	char path[40];
	unsigned uid[4], gid[4];
	CHECK("Pid", atoi(own("Pid")) == getpid());
	CHECK("Tgid", atoi(own("Tgid")) == getpid());
	CHECK("PPid", atoi(own("PPid")) == getppid());
	CHECK_STR("State", own("State"), "R (running)");
	CHECK_STR("Threads", own("Threads"), "1");
	CHECK("Uid", sscanf(own("Uid"), "%u %u %u %u", uid, uid + 1, uid + 2, uid + 3) == 4 && uid[0] == getuid() && uid[1] == geteuid());
	CHECK("Gid", sscanf(own("Gid"), "%u %u %u %u", gid, gid + 1, gid + 2, gid + 3) == 4 && gid[0] == getgid() && gid[1] == getegid());
	CHECK("VmSize", atoi(own("VmSize")) > 0);
	CHECK("VmRSS", atoi(own("VmRSS")) > 0);
	CHECK_STR("Umask", own("Umask"), "0022");
	guest_block(SIGUSR1, 0);
	signal(SIGUSR2, SIG_IGN);
	raise(SIGUSR1);
	CHECK("SigBlk", strtoull(own("SigBlk"), NULL, 16) & 1ull << (SIGUSR1 - 1));
	CHECK("SigIgn", strtoull(own("SigIgn"), NULL, 16) & 1ull << (SIGUSR2 - 1));
	CHECK("SigPnd", strtoull(own("SigPnd"), NULL, 16) & 1ull << (SIGUSR1 - 1));
	pthread_barrier_init(&b, NULL, 3);
	for (int i = 0; i < 2; i++)
		t[i] = guest_thread(wait_at, &b);
	pthread_barrier_wait(&b);
	CHECK_STR("Threads", own("Threads"), "3");
	pthread_barrier_wait(&b);
	for (int i = 0; i < 2; i++)
		guest_join(t[i]);
	pid_t pid = guest_fork();
	if (pid == 0)
		_exit(0);
	siginfo_t si;
	MUST(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT));
	sprintf(path, "/proc/%d/status", pid);
	CHECK_STR("a child that ended", field(path, "State"), "Z (zombie)");
	CHECK("its parent", atoi(field(path, "PPid")) == getpid());
	guest_wait(pid);
	CHECK_ERR("after reaping", open(path, O_RDONLY), ENOENT);
	return guest_done();
}
