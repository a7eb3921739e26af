/* A process whose parent ended gets another one: getppid changes, and a
   subreaper inherits and reaps it. See getppid(2), prctl(2). static-too */
#include "guest.h"

static int report[2];

/* child -> grandchild; the child ends, the grandchild reports its new parent */
static void orphan(pid_t expected)
{
	pid_t middle = guest_fork();
	if (middle == 0) {
		pid_t me = getpid();
		if (guest_fork() == 0) {
			while (getppid() == me)
				guest_sleep_ms(1);
			guest_write(report[1], expected == 0 || getppid() == expected ? "y" : "n", 1);
			_exit(23);
		}
		_exit(0);
	}
	CHECK_EXIT("child in the middle", guest_wait(middle), 0);
}

/* In a child, so that it holds also when the program is process 1. */
static void plain(void)
{
	char c;
	orphan(0);
	CHECK_EQ("report", guest_read(report[0], &c, 1), 1);
	CHECK("the parent changed", c == 'y');
	CHECK_ERR("a grandchild cannot be waited for", waitpid(-1, NULL, 0), ECHILD);
}

int main(void)
{
	char c;
	int status, is = -1;
	MUST(pipe(report));
	CHECK_EXIT("no subreaper", guest_child(plain), 0);

	CHECK_OK("become a subreaper", prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	MUST(prctl(PR_GET_CHILD_SUBREAPER, &is, 0, 0, 0));
	CHECK_EQ("subreaper", is, 1);
	orphan(getpid());
	CHECK_EQ("report", guest_read(report[0], &c, 1), 1);
	CHECK("the subreaper is the new parent", c == 'y');
	CHECK("and can wait for it", waitpid(-1, &status, 0) > 0);
	CHECK_EXIT("grandchild", status, 23);
	return guest_done();
}
