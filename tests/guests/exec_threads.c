/* exec ends all other threads; called from a second thread the new program
   still has the process's id. See execve(2), pthreads(7). static-too */
#include "guest.h"

static char number[20];

static void *sleeper(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void *runner(void *arg)
{
	char *args[] = {"guest", number, NULL};
	if (arg)
		execv("/nonexistent/program", args);
	else
		execv("/proc/self/exe", args);
	return (void *)(intptr_t)errno;
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		CHECK("same process id", getpid() == atoi(argv[1]));
		CHECK("one thread, the leader", syscall(SYS_gettid) == getpid());
		CHECK("status says one thread", strstr(guest_text("/proc/self/status"), "\nThreads:\t1\n"));
		return guest_done();
	}
	sprintf(number, "%d", getpid());
	for (int i = 0; i < 3; i++)
		guest_thread(sleeper, NULL);
	int e = (int)(intptr_t)guest_join(guest_thread(runner, number));
	CHECK_RC("a failing exec changes nothing", e, ENOENT);
	CHECK("status says four threads", strstr(guest_text("/proc/self/status"), "\nThreads:\t4\n"));
	fflush(stdout);
	guest_join(guest_thread(runner, NULL));
	return 1;
}
