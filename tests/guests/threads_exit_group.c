/* exit from any thread, and return from main, end all threads at once. See
   exit_group(2), exit(3). static-too */
#include "guest.h"

static void *sleeper(void *arg)
{
	pause();
	return arg;
}

static void *ender(void *arg)
{
	(void)arg;
	exit(5);
}

static void *killer(void *arg)
{
	(void)arg;
	raise(SIGTERM); /* to this thread, but the default action ends the process */
	return NULL;
}

static int run(void *(*fn)(void *), int how)
{
	pid_t pid = guest_fork();
	if (pid)
		return guest_wait(pid);
	for (int i = 0; i < 3; i++)
		guest_thread(sleeper, NULL);
	if (fn)
		guest_join(guest_thread(fn, NULL));
	_exit(how);
}

int main(void)
{
	CHECK_EXIT("exit in a thread", run(ender, 1), 5);
	CHECK_EXIT("exit in main with threads asleep", run(NULL, 6), 6);
	CHECK_KILLED("signal raised in a thread", run(killer, 1), SIGTERM);
	return guest_done();
}
