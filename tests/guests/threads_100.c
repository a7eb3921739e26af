/* One hundred threads alive at the same time. See pthread_create(3), clone(2). static-too */
#include "guest.h"

#define N 100

static pthread_barrier_t all;
static pid_t tid[N];
static long sum;

static void *work(void *arg)
{
	int me = (int)(intptr_t)arg;
	tid[me] = (pid_t)syscall(SYS_gettid);
	pthread_barrier_wait(&all);
	__atomic_add_fetch(&sum, me, __ATOMIC_SEQ_CST);
	return arg;
}

int main(void)
{
	pthread_t t[N];
	pthread_attr_t a;
	int same = 0, mine = 0, results = 0;
	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, 64 * 1024);
	pthread_barrier_init(&all, NULL, N + 1);
	for (int i = 0; i < N; i++)
		MUST(pthread_create(&t[i], &a, work, (void *)(intptr_t)i) ? -1 : 0);
	pthread_barrier_wait(&all);
	for (int i = 0; i < N; i++)
		results += guest_join(t[i]) == (void *)(intptr_t)i;
	for (int i = 0; i < N; i++) {
		mine += tid[i] == getpid();
		for (int j = 0; j < i; j++)
			same += tid[i] == tid[j];
	}
	CHECK_EQ("joined with their result", results, N);
	CHECK_EQ("sum", sum, N * (N - 1) / 2);
	CHECK_EQ("thread ids seen twice", same, 0);
	CHECK_EQ("thread ids equal to the process id", mine, 0);
	return guest_done();
}
