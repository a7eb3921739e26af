/* After fork the memory of parent and child is separate: globals, heap, stack,
   and memory mapped before. See fork(2). static-too */
#include "guest.h"

static int global = 1;

int main(void)
{
	int stack = 2, p[2];
	char c;
	int *heap = malloc(100000), *map;
	map = mmap(NULL, 100000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST((long)map);
	heap[0] = 3, heap[20000] = 4, map[0] = 5, map[20000] = 6;
	MUST(pipe(p));
	pid_t pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ("child sees", 100000 * global + 10000 * stack + 1000 * heap[0] + 100 * heap[20000] +
			 10 * map[0] + map[20000], 123456);
		global = stack = heap[0] = heap[20000] = map[0] = map[20000] = 9;
		guest_write(p[1], "x", 1);
		guest_child_exit();
	}
	guest_read(p[0], &c, 1); /* the child has stored */
	CHECK_EQ("parent sees", 100000 * global + 10000 * stack + 1000 * heap[0] + 100 * heap[20000] +
		 10 * map[0] + map[20000], 123456);
	CHECK_EXIT("child", guest_wait(pid), 0);

	pid = guest_fork();
	if (pid == 0) {
		guest_read(p[0], &c, 1);
		_exit(global == 1 && heap[20000] == 4 ? 0 : 1);
	}
	global = 7, heap[20000] = 7;
	guest_write(p[1], "x", 1);
	CHECK_EXIT("child does not see later stores", guest_wait(pid), 0);
	pid = guest_fork();
	if (pid == 0) {
		pid_t inner = guest_fork();
		if (inner == 0)
			_exit(global == 7 ? 5 : 6);
		_exit(WEXITSTATUS(guest_wait(inner)) + 1);
	}
	CHECK_EXIT("grandchild's code plus one", guest_wait(pid), 6);
	return guest_done();
}
