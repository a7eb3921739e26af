/* /proc/self/task lists the threads. See proc(5). static-too */
#include "guest.h"

static pthread_barrier_t b;
static pid_t tid[3];

static int tasks(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void *work(void *arg)
{
	*(pid_t *)arg = (pid_t)syscall(SYS_gettid);
	pthread_setname_np(pthread_self(), "numbered");
	pthread_barrier_wait(&b);
	pthread_barrier_wait(&b);
	return NULL;
}

int main(void)
{
	char path[60];
	pthread_t t[3];
	struct stat st;
	CHECK_EQ("alone", tasks(), 1);
	pthread_barrier_init(&b, NULL, 4);
	for (int i = 0; i < 3; i++)
		t[i] = guest_thread(work, &tid[i]);
	pthread_barrier_wait(&b);
	CHECK_EQ("with three more", tasks(), 4);
	for (int i = 0; i < 3; i++) {
		sprintf(path, "/proc/self/task/%d/comm", tid[i]);
		CHECK_STR("name", guest_text(path), "numbered\n");
	}
	pthread_barrier_wait(&b);
	for (int i = 0; i < 3; i++)
		guest_join(t[i]);
	while (tasks() > 1) /* a joined thread may take a moment to go */
		guest_sleep_ms(1);
	CHECK_EQ("alone again", tasks(), 1);
	CHECK_ERR("a thread that ended", stat(path, &st), ENOENT);
	return guest_done();
}
