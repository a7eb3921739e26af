/* sched_getaffinity: at least one processor; setting it to what it is. See
   sched_setaffinity(2). static-too */
#include "guest.h"

int main(void)
{
	cpu_set_t set, got;
	int cpu = -1;
	CPU_ZERO(&set);
	CHECK_OK("get", sched_getaffinity(0, sizeof set, &set));
	CHECK("at least one", CPU_COUNT(&set) > 0);
	CHECK("as many as online", CPU_COUNT(&set) <= sysconf(_SC_NPROCESSORS_CONF));
	for (int i = 0; i < CPU_SETSIZE && cpu < 0; i++)
		if (CPU_ISSET(i, &set))
			cpu = i;
	CHECK_OK("set the same", sched_setaffinity(0, sizeof set, &set));
	CPU_ZERO(&got);
	CPU_SET(cpu, &got);
	CHECK_OK("set to one", sched_setaffinity(0, sizeof got, &got));
	MUST(sched_getaffinity(0, sizeof got, &got));
	CHECK("that one", CPU_COUNT(&got) == 1 && CPU_ISSET(cpu, &got));
	CHECK("running there", sched_getcpu() == cpu);
	pid_t pid = guest_fork();
	if (pid == 0) {
		sched_getaffinity(0, sizeof got, &got);
		_exit(CPU_COUNT(&got));
	}
	CHECK_EXIT("inherited", guest_wait(pid), 1);
	CPU_ZERO(&got);
	CHECK_ERR("none", sched_setaffinity(0, sizeof got, &got), EINVAL);
	CHECK_ERR("no such process", sched_getaffinity(0x7ffffff0, sizeof got, &got), ESRCH);
	CHECK_ERR("set of an odd size", syscall(SYS_sched_getaffinity, 0, 5, &got), EINVAL);
	CHECK_OK("back", sched_setaffinity(0, sizeof set, &set));
	return guest_done();
}
