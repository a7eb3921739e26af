/* Robust mutexes: the next owner learns that the owner ended while holding it,
   by thread exit and by process exit. See pthread_mutex_consistent(3),
   set_robust_list(2). static-too */
#include "guest.h"

static pthread_mutex_t *m;

static void fresh(void)
{
	pthread_mutexattr_t a;
	pthread_mutexattr_init(&a);
	pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(m, &a);
}

static void *lock_and_end(void *arg)
{
	pthread_mutex_lock(m);
	return arg;
}

int main(void)
{
	m = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST((long)m);
	fresh();
	guest_join(guest_thread(lock_and_end, NULL));
	CHECK_RC("owner thread ended", pthread_mutex_lock(m), EOWNERDEAD);
	CHECK_RC("make consistent", pthread_mutex_consistent(m), 0);
	CHECK_RC("unlock", pthread_mutex_unlock(m), 0);
	CHECK_RC("lock again", pthread_mutex_lock(m), 0);
	CHECK_RC("unlock again", pthread_mutex_unlock(m), 0);

	pid_t pid = guest_fork();
	if (pid == 0) {
		lock_and_end(NULL);
		raise(SIGKILL);
	}
	CHECK_KILLED("owner process", guest_wait(pid), SIGKILL);
	CHECK_RC("owner process ended", pthread_mutex_trylock(m), EOWNERDEAD);
	CHECK_RC("unlock without repair", pthread_mutex_unlock(m), 0);
	CHECK_RC("no longer usable", pthread_mutex_lock(m), ENOTRECOVERABLE);
	return guest_done();
}
