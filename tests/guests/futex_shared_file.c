/* A futex in a file that two processes map at different addresses: its identity
   is the file and the offset. See futex(2). static-too */
#include "guest.h"
#include <linux/futex.h>
#include <sys/syscall.h>

static long futex(void *word, int op, int value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

int main(void)
{
	guest_tmp();
	int fd = (int)MUST(open("f", O_RDWR | O_CREAT, 0600));
	MUST(ftruncate(fd, 8192));
	int *a = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 4096);
	MUST((long)a);
	pid_t child = MUST(fork());
	if (child == 0) {
		int other = (int)MUST(open("f", O_RDWR));
		char *b = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
		int *word = (int *)(b + 4096);
		while (__atomic_load_n(word, __ATOMIC_SEQ_CST) == 0)
			futex(word, FUTEX_WAIT, 0);
		__atomic_store_n(word + 1, 7, __ATOMIC_SEQ_CST);
		futex(word + 1, FUTEX_WAKE, 1);
		_exit(0);
	}
	CHECK_ERR("not the expected value", futex(a, FUTEX_WAIT, 1), EAGAIN);
	usleep(20000);
	CHECK_EQ("a private wake reaches nobody", futex(a, FUTEX_WAKE_PRIVATE, 1), 0);
	__atomic_store_n(a, 1, __ATOMIC_SEQ_CST);
	CHECK_EQ("a shared wake reaches the other process", futex(a, FUTEX_WAKE, 1), 1);
	while (__atomic_load_n(a + 1, __ATOMIC_SEQ_CST) == 0)
		futex(a + 1, FUTEX_WAIT, 0);
	CHECK_EQ("its answer", a[1], 7);
	MUST(waitpid(child, NULL, 0));
	return guest_done();
}
