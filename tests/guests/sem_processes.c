/* A process-shared semaphore and mutex in shared memory. See sem_init(3),
   pthread_mutexattr_setpshared(3). static-too */
#include "guest.h"

static struct {
	sem_t go, done;
	pthread_mutex_t lock;
	int counter;
} *s;

int main(void)
{
	pthread_mutexattr_t a;
	s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST((long)s);
	pthread_mutexattr_init(&a);
	CHECK_RC("setpshared", pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED), 0);
	pthread_mutex_init(&s->lock, &a);
	MUST(sem_init(&s->go, 1, 0));
	MUST(sem_init(&s->done, 1, 0));
	pid_t pid[3];
	for (int i = 0; i < 3; i++) {
		pid[i] = guest_fork();
		if (pid[i] == 0) {
			sem_wait(&s->go);
			for (int k = 0; k < 500; k++) {
				pthread_mutex_lock(&s->lock);
				int v = s->counter;
				if (k % 100 == 0)
					sched_yield();
				s->counter = v + 1;
				pthread_mutex_unlock(&s->lock);
			}
			sem_post(&s->done);
			guest_child_exit();
		}
	}
	CHECK_EQ("nothing before the start", s->counter, 0);
	for (int i = 0; i < 3; i++)
		MUST(sem_post(&s->go));
	for (int i = 0; i < 3; i++)
		MUST(sem_wait(&s->done));
	CHECK_EQ("counter", s->counter, 1500);
	for (int i = 0; i < 3; i++)
		CHECK_EXIT("child", guest_wait(pid[i]), 0);
	return guest_done();
}
