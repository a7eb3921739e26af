/* Shared anonymous memory is common to parent and child, private memory is
   not. See mmap(2), fork(2). static-too */
#include "guest.h"

static int *shared, *private;

static void add(void)
{
	for (int i = 0; i < 1000; i++) {
		__atomic_add_fetch(&shared[0], 1, __ATOMIC_SEQ_CST);
		private[0]++;
		if (i % 100 == 0)
			sched_yield();
	}
}

static void look(void)
{
	CHECK_EQ("child sees what the parent stored", shared[1], 42);
	shared[2] = 43;
}

int main(void)
{
	shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	private = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK("zeroed", shared[0] == 0 && shared[2047] == 0);
	pid_t pid[4];
	for (int i = 0; i < 4; i++) {
		pid[i] = guest_fork();
		if (pid[i] == 0) {
			add();
			guest_child_exit();
		}
	}
	for (int i = 0; i < 4; i++)
		CHECK_EXIT("child", guest_wait(pid[i]), 0);
	CHECK_EQ("shared counter", shared[0], 4000);
	CHECK_EQ("private counter", private[0], 0);
	shared[1] = 42;
	CHECK_EXIT("child", guest_child(look), 0);
	CHECK_EQ("parent sees what the child stored", shared[2], 43);
	return guest_done();
}
