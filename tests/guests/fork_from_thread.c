/* fork in a threaded process: the child has only the calling thread. See
   fork(2), pthread_atfork(3). static-too */
#include "guest.h"

static int before, in_parent, in_child;
static sem_t never;

static void prepare(void) { before++; }
static void parent(void) { in_parent++; }
static void child(void) { in_child++; }

static int threads(void)
{
	const char *line = strstr(guest_text("/proc/self/status"), "\nThreads:");
	return line ? atoi(line + 9) : -1;
}

static void *sleeper(void *arg)
{
	sem_wait(&never);
	return arg;
}

static void *forker(void *arg)
{
	(void)arg;
	pid_t pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ("threads in the child", threads(), 1);
		CHECK("the child is a thread group leader", getpid() == syscall(SYS_gettid));
		CHECK_EQ("prepare and child handlers", before * 100 + in_parent * 10 + in_child, 101);
		guest_join(guest_thread(sleeper, (sem_post(&never), NULL)));
		guest_child_exit();
	}
	return (void *)(intptr_t)guest_wait(pid);
}

int main(void)
{
	sem_init(&never, 0, 0);
	pthread_atfork(prepare, parent, child);
	guest_thread(sleeper, NULL);
	pthread_t t = guest_thread(forker, NULL);
	CHECK_EXIT("child", (int)(intptr_t)guest_join(t), 0);
	CHECK_EQ("prepare and parent handlers", before * 100 + in_parent * 10 + in_child, 110);
	return guest_done();
}
