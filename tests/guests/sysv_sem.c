/* System V semaphores: several operations at once, waiting for a value and for
   zero, timeouts, undo at exit, removal under a waiter. See semop(2),
   semctl(2). static-too */
#include "guest.h"
#include <sys/ipc.h>
#include <sys/sem.h>

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
};

static int op(int id, unsigned short n, short by, short flags)
{
	struct sembuf b = {n, by, flags};
	return semop(id, &b, 1);
}

int main(void)
{
	int status;
	struct semid_ds ds;
	unsigned short all[3] = {1, 2, 3};
	CHECK_ERR("no semaphores", semget(IPC_PRIVATE, 0, 0600), EINVAL);
	int id = (int)MUST(semget(IPC_PRIVATE, 3, 0600));
	CHECK_EQ("starts at 0", semctl(id, 0, GETVAL), 0);
	CHECK_OK("SETALL", semctl(id, 0, SETALL, (union semun){.array = all}));
	CHECK_EQ("GETVAL", semctl(id, 2, GETVAL), 3);
	CHECK_ERR("number out of range", semctl(id, 3, GETVAL), EINVAL);
	CHECK_ERR("value out of range", semctl(id, 0, SETVAL, (union semun){.val = 40000}), ERANGE);
	struct sembuf two[] = {{0, -1, 0}, {1, -3, IPC_NOWAIT}};
	CHECK_ERR("all or nothing", semop(id, two, 2), EAGAIN);
	CHECK_EQ("nothing was taken", semctl(id, 0, GETVAL), 1);
	two[1].sem_op = -2;
	CHECK_OK("both taken", semop(id, two, 2));
	CHECK_EQ("the first is 0", semctl(id, 0, GETVAL), 0);
	CHECK_OK("wait for zero", op(id, 1, 0, 0));
	CHECK_ERR("not zero", op(id, 2, 0, IPC_NOWAIT), EAGAIN);
	CHECK_ERR("no such semaphore", op(id, 7, 1, 0), EFBIG);
	CHECK_ERR("too large", op(id, 2, 32767, 0), ERANGE);
	struct sembuf take = {0, -1, 0};
	struct timespec soon = {0, 20000000};
	CHECK_ERR("semtimedop", semtimedop(id, &take, 1, &soon), EAGAIN);
	pid_t child = MUST(fork());
	if (child == 0)
		_exit(op(id, 0, -2, 0) == 0 ? 5 : 6);
	while (semctl(id, 0, GETNCNT) == 0)
		usleep(1000);
	CHECK_EQ("one waits for zero", semctl(id, 0, GETZCNT), 0);
	CHECK_OK("one is not enough", op(id, 0, 1, 0));
	usleep(5000);
	CHECK_EQ("it still waits", semctl(id, 0, GETNCNT), 1);
	CHECK_OK("another", op(id, 0, 1, 0));
	MUST(waitpid(child, &status, 0));
	CHECK_EQ("the waiter went on", WEXITSTATUS(status), 5);
	CHECK_EQ("last process", semctl(id, 0, GETPID) == child, 1);
	child = MUST(fork());
	if (child == 0)
		_exit(op(id, 2, -2, SEM_UNDO) == 0 ? semctl(id, 2, GETVAL) : 99);
	MUST(waitpid(child, &status, 0));
	CHECK_EQ("taken by the child", WEXITSTATUS(status), 1);
	CHECK_EQ("given back at its end", semctl(id, 2, GETVAL), 3);
	child = MUST(fork());
	if (child == 0)
		_exit(op(id, 0, -1, 0) == -1 && errno == EIDRM ? 7 : 8);
	while (semctl(id, 0, GETNCNT) == 0)
		usleep(1000);
	MUST(semctl(id, 0, IPC_STAT, (union semun){.buf = &ds}));
	CHECK_EQ("semaphores in the set", ds.sem_nsems, 3);
	CHECK_OK("remove", semctl(id, 0, IPC_RMID));
	MUST(waitpid(child, &status, 0));
	CHECK_EQ("the waiter is told", WEXITSTATUS(status), 7);
	CHECK_ERR("gone", semctl(id, 0, GETVAL), EINVAL);
	return guest_done();
}
