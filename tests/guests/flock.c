/* flock: shared and exclusive, per open file, inherited, released by close or
   process end. See flock(2). static-too */
#include "guest.h"
#include <sys/file.h>

static void try_both(void)
{
	int fd = (int)MUST(open("f", O_RDWR));
	CHECK_ERR("child: exclusive", flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_ERR("child: shared", flock(fd, LOCK_SH | LOCK_NB), EWOULDBLOCK);
}

static void try_shared(void)
{
	int fd = (int)MUST(open("f", O_RDONLY));
	CHECK_ERR("child: exclusive", flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_OK("child: shared", flock(fd, LOCK_SH | LOCK_NB));
}

static int inherited;

static void unlock(void) { CHECK_OK("child unlocks the parent's", flock(inherited, LOCK_UN)); }

int main(void)
{
	int p[2];
	char c;
	guest_tmp();
	guest_file("f", "");
	int fd = (int)MUST(open("f", O_RDWR)), other = (int)MUST(open("f", O_RDWR));
	CHECK_OK("exclusive", flock(fd, LOCK_EX));
	CHECK_OK("again", flock(fd, LOCK_EX | LOCK_NB));
	CHECK_OK("a duplicate shares it", flock((int)MUST(dup(fd)), LOCK_EX | LOCK_NB));
	CHECK_ERR("another open of the same process", flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	CHECK_EXIT("child", guest_child(try_both), 0);
	CHECK_OK("down to shared", flock(fd, LOCK_SH));
	CHECK_EXIT("child", guest_child(try_shared), 0);
	CHECK_OK("up to exclusive", flock(fd, LOCK_EX | LOCK_NB));
	inherited = fd;
	CHECK_EXIT("child", guest_child(unlock), 0);
	CHECK_OK("now free", flock(other, LOCK_EX | LOCK_NB));
	MUST(pipe(p));
	pid_t pid = guest_fork();
	if (pid == 0) {
		int own = (int)MUST(open("f", O_RDWR));
		MUST(close(other)); /* the parent still holds it */
		MUST(flock(own, LOCK_EX)); /* waits */
		guest_write(p[1], "x", 1);
		pause();
	}
	guest_sleep_ms(10);
	CHECK_EQ("the child waits", guest_poll(p[0], POLLIN, 0), 0);
	MUST(close(other));
	CHECK_EQ("close releases it", guest_read(p[0], &c, 1), 1);
	CHECK_ERR("the child has it", flock(fd, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	MUST(kill(pid, SIGKILL));
	CHECK_KILLED("child", guest_wait(pid), SIGKILL);
	CHECK_OK("released by its end", flock(fd, LOCK_EX | LOCK_NB));
	CHECK_ERR("unknown operation", flock(fd, 64), EINVAL);
	return guest_done();
}
