/* Signals to one thread: pthread_kill and tgkill, per-thread masks and pending
   signals; a process signal takes a thread that has it unblocked. See
   tgkill(2), pthread_kill(3). static-too */
#include "guest.h"

static volatile pid_t handled_by;
static pid_t worker;
static sem_t started, go, done;

static void await(sem_t *s)
{
	while (sem_wait(s) == -1)
		;
}

static void handler(int sig)
{
	(void)sig;
	handled_by = (pid_t)syscall(SYS_gettid);
	sem_post(&done);
}

static void *work(void *arg)
{
	sigset_t pending, one = guest_set(SIGUSR1, 0);
	worker = (pid_t)syscall(SYS_gettid);
	sem_post(&started);
	await(&go);
	guest_block(SIGUSR1, 0); /* now main and this thread block it */
	pthread_kill(pthread_self(), SIGUSR1);
	sigpending(&pending);
	sem_post(&started);
	await(&go);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	return sigismember(&pending, SIGUSR1) ? arg : NULL;
}

int main(void)
{
	sigset_t pending;
	sem_init(&started, 0, 0), sem_init(&go, 0, 0), sem_init(&done, 0, 0);
	guest_on(SIGUSR1, handler, 0);
	pthread_t t = guest_thread(work, &done);
	await(&started);
	CHECK_RC("pthread_kill", pthread_kill(t, SIGUSR1), 0);
	await(&done);
	CHECK("handled by that thread", handled_by == worker);
	CHECK_OK("tgkill to main", syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1));
	await(&done);
	CHECK("handled by main", handled_by == getpid());
	guest_block(SIGUSR1, 0);
	CHECK_OK("kill of the process", kill(getpid(), SIGUSR1));
	await(&done);
	CHECK("handled by the thread that has it open", handled_by == worker);
	sem_post(&go);
	await(&started);
	sigpending(&pending);
	CHECK("another thread's pending signal is not seen", !sigismember(&pending, SIGUSR1));
	handled_by = 0;
	sem_post(&go);
	await(&done);
	CHECK("handled by it when unblocked", handled_by == worker);
	CHECK("it saw it pending", guest_join(t) == &done);
	CHECK_ERR("thread of another process", syscall(SYS_tgkill, getppid() ? getppid() : 1 << 22, getpid(), 0), ESRCH);
	CHECK_ERR("no such thread", syscall(SYS_tgkill, getpid(), 0x7ffffff0, 0), ESRCH);
	CHECK_ERR("thread 0", syscall(SYS_tgkill, getpid(), 0, SIGUSR1), EINVAL);
	CHECK_ERR("bad signal", syscall(SYS_tgkill, getpid(), getpid(), 65), EINVAL);
	CHECK_OK("tkill", syscall(SYS_tkill, getpid(), 0));
	return guest_done();
}
