/* sched_yield, and the scheduling policy and priority of an ordinary process.
   See sched_yield(2), sched_setscheduler(2), getpriority(2). static-too */
#include "guest.h"

static int turn;

static void *player(void *arg)
{
	int me = (int)(intptr_t)arg;
	for (int i = 0; i < 100; i++) {
		while (__atomic_load_n(&turn, __ATOMIC_SEQ_CST) % 2 != me)
			sched_yield();
		__atomic_add_fetch(&turn, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

int main(void)
{
	struct sched_param sp = {77};
	CHECK_OK("sched_yield", sched_yield());
	pthread_t a = guest_thread(player, (void *)0), b = guest_thread(player, (void *)1);
	guest_join(a), guest_join(b);
	CHECK_EQ("turns taken by two threads", turn, 200);
	CHECK("policy", sched_getscheduler(0) == SCHED_OTHER);
	CHECK_OK("getparam", sched_getparam(0, &sp));
	CHECK_EQ("priority", sp.sched_priority, 0);
	CHECK_EQ("lowest of SCHED_OTHER", sched_get_priority_min(SCHED_OTHER), 0);
	CHECK_EQ("highest of SCHED_OTHER", sched_get_priority_max(SCHED_OTHER), 0);
	CHECK_EQ("lowest of SCHED_FIFO", sched_get_priority_min(SCHED_FIFO), 1);
	CHECK_EQ("highest of SCHED_FIFO", sched_get_priority_max(SCHED_FIFO), 99);
	CHECK_ERR("unknown policy", sched_get_priority_max(77), EINVAL);
	sp.sched_priority = 1;
	CHECK_ERR("SCHED_OTHER with a priority", sched_setscheduler(0, SCHED_OTHER, &sp), EINVAL);
	CHECK_ERR("no such process", sched_getscheduler(0x7ffffff0), ESRCH);
	errno = 0;
	int nice_now = getpriority(PRIO_PROCESS, 0);
	CHECK("getpriority", errno == 0 && nice_now >= -20 && nice_now <= 19);
	CHECK_OK("raising the nice value", setpriority(PRIO_PROCESS, 0, 19));
	CHECK_EQ("getpriority", getpriority(PRIO_PROCESS, 0), 19);
	CHECK_ERR("unknown kind", setpriority(77, 0, 0), EINVAL);
	return guest_done();
}
