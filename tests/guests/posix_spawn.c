/* posix_spawn with file actions and attributes, and its error return. See
   posix_spawn(3). static-too */
#include "guest.h"
#include <spawn.h>

static int spawned(void)
{
	sigset_t now;
	sigprocmask(SIG_BLOCK, NULL, &now);
	printf("mask %d ignored %d env %s fd9 %s\n", sigismember(&now, SIGUSR1), signal(SIGUSR2, SIG_DFL) == SIG_IGN,
	       getenv("GUEST_ENV"), fcntl(9, F_GETFD) == -1 ? "closed" : "open");
	return 12;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return spawned();
	(void)argv;
	char *args[] = {"guest", "spawned", NULL}, *env[] = {"GUEST_ENV=given", NULL};
	char text[100];
	posix_spawn_file_actions_t act;
	posix_spawnattr_t attr;
	sigset_t mask = guest_set(SIGUSR1, 0), def = guest_set(SIGUSR2, 0);
	int p[2];
	pid_t pid;
	MUST(pipe2(p, O_CLOEXEC));
	MUST(dup2(1, 9));
	signal(SIGUSR2, SIG_IGN);
	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_adddup2(&act, p[1], 1);
	posix_spawn_file_actions_addclose(&act, 9);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &mask);
	posix_spawnattr_setsigdefault(&attr, &def);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	CHECK_RC("spawn", posix_spawn(&pid, "/proc/self/exe", &act, &attr, args, env), 0);
	MUST(close(p[1]));
	text[guest_read(p[0], text, sizeof text - 1)] = 0;
	CHECK_STR("child says", text, "mask 1 ignored 0 env given fd9 closed\n");
	CHECK_EXIT("child", guest_wait(pid), 12);

	CHECK_RC("no such program", posix_spawn(&pid, "/nonexistent/program", NULL, NULL, args, env), ENOENT);
	CHECK_RC("a directory", posix_spawn(&pid, "/tmp", NULL, NULL, args, env), EACCES);
	posix_spawn_file_actions_init(&act);
	posix_spawn_file_actions_addopen(&act, 0, "/nonexistent/file", O_RDONLY, 0);
	CHECK_RC("failing file action", posix_spawn(&pid, "/proc/self/exe", &act, NULL, args, env), ENOENT);
	CHECK_ERR("no child is left", waitpid(-1, NULL, 0), ECHILD);
	return guest_done();
}
