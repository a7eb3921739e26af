/* System V shared memory: make, find, attach, share over fork, remove while
   attached. See shmget(2), shmop(2), shmctl(2). static-too */
#include "guest.h"
#include <sys/ipc.h>
#include <sys/shm.h>

int main(void)
{
	const key_t key = 0x5eed0001;
	struct shmid_ds ds;
	CHECK_ERR("no such key", shmget(key, 100, 0), ENOENT);
	CHECK_ERR("size 0", shmget(key, 0, IPC_CREAT | 0600), EINVAL);
	int id = (int)MUST(shmget(key, 100, IPC_CREAT | IPC_EXCL | 0640));
	CHECK_ERR("made already", shmget(key, 100, IPC_CREAT | IPC_EXCL | 0640), EEXIST);
	CHECK("found", shmget(key, 0, 0) == id);
	CHECK_ERR("larger than it is", shmget(key, 101, 0), EINVAL);
	char *p = shmat(id, NULL, 0);
	CHECK("attached", p != (void *)-1);
	CHECK_EQ("zeroed", p[99], 0);
	char *q = shmat(id, NULL, SHM_RDONLY);
	CHECK("attached twice", q != (void *)-1 && q != p);
	strcpy(p, "hello");
	CHECK_STR("the same memory", q, "hello");
	MUST(shmctl(id, IPC_STAT, &ds));
	CHECK_EQ("size", ds.shm_segsz, 100);
	CHECK_EQ("attachments", ds.shm_nattch, 2);
	CHECK_OCT("mode", ds.shm_perm.mode, 0640);
	CHECK("key", ds.shm_perm.__key == key);
	CHECK("creator", ds.shm_cpid == getpid() && ds.shm_lpid == getpid());
	CHECK_ERR("attached at an odd address", (long)shmat(id, p + 1, 0), EINVAL);
	CHECK_ERR("attached where something is", (long)shmat(id, p, 0), EINVAL);
	pid_t child = MUST(fork());
	if (child == 0) {
		struct shmid_ds mine;
		strcpy(p, "child");
		_exit(shmctl(id, IPC_STAT, &mine) == 0 ? (int)mine.shm_nattch : 99);
	}
	int status;
	MUST(waitpid(child, &status, 0));
	CHECK_EQ("attachments are inherited", WEXITSTATUS(status), 4);
	CHECK_STR("stored by the child", q, "child");
	CHECK_OK("detach", shmdt(q));
	CHECK_ERR("detach again", shmdt(q), EINVAL);
	CHECK_OK("remove", shmctl(id, IPC_RMID, NULL));
	CHECK_ERR("no longer found", shmget(key, 0, 0), ENOENT);
	MUST(shmctl(id, IPC_STAT, &ds));
	CHECK("still there, marked", (ds.shm_perm.mode & SHM_DEST) && ds.shm_nattch == 1);
	CHECK_STR("still readable", p, "child");
	CHECK_OK("last detach", shmdt(p));
	CHECK_ERR("gone", shmctl(id, IPC_STAT, &ds), EINVAL);
	id = (int)MUST(shmget(IPC_PRIVATE, 8192, 0600));
	p = shmat(id, NULL, 0);
	CHECK_OK("munmap of a half", munmap(p, 4096));
	CHECK_OK("detach of the rest", shmdt(p));
	CHECK_OK("remove", shmctl(id, IPC_RMID, NULL));
	CHECK_ERR("attach what is gone", (long)shmat(id, NULL, 0), EINVAL);
	return guest_done();
}
