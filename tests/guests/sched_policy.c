/* Scheduling policies of an ordinary user: what may be chosen, what is kept,
   what a child has. See sched(7), sched_setscheduler(2). */
#include "guest.h"

static void inherited(void)
{
	CHECK_EQ("a child's", sched_getscheduler(0), SCHED_BATCH);
}

static void idle(void)
{
	struct sched_param p = {0};
	CHECK_OK("idle", sched_setscheduler(0, SCHED_IDLE, &p));
	CHECK_EQ("kept", sched_getscheduler(0), SCHED_IDLE);
	CHECK_OK("idle again", sched_setscheduler(0, SCHED_IDLE, &p));
	CHECK_OK("parameters", sched_setparam(0, &p));
	CHECK_ERR("there is no way back", sched_setscheduler(0, SCHED_OTHER, &p), EPERM);
}

static void reset(void)
{
	struct sched_param p = {0};
	CHECK_OK("reset on fork", sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &p));
	CHECK_EQ("it shows", sched_getscheduler(0), SCHED_BATCH | SCHED_RESET_ON_FORK);
	CHECK_ERR("it stays", sched_setscheduler(0, SCHED_BATCH, &p), EPERM);
	pid_t pid = guest_fork();
	if (pid == 0) {
		CHECK_EQ("the child has the policy alone", sched_getscheduler(0), SCHED_BATCH);
		guest_child_exit();
	}
	CHECK_EXIT("child", guest_wait(pid), 0);
}

int main(void)
{
	struct sched_param p = {0}, high = {1};
	if (geteuid() == 0) /* the rules are those of an ordinary user */
		MUST(setresuid(65534, 65534, 65534));
	CHECK_EQ("at first", sched_getscheduler(0), SCHED_OTHER);
	CHECK_ERR("a negative thread", sched_getscheduler(-1), EINVAL);
	CHECK_ERR("nobody", sched_getscheduler(0x3fffffff), ESRCH);
	CHECK_ERR("real time", sched_setscheduler(0, SCHED_FIFO, &high), EPERM);
	CHECK_ERR("real time without a priority", sched_setscheduler(0, SCHED_RR, &p), EINVAL);
	CHECK_ERR("a priority without real time", sched_setscheduler(0, SCHED_OTHER, &high), EINVAL);
	CHECK_ERR("no parameters", sched_setscheduler(0, SCHED_OTHER, NULL), EINVAL);
	CHECK_OK("batch", sched_setscheduler(0, SCHED_BATCH, &p));
	CHECK_EQ("kept", sched_getscheduler(0), SCHED_BATCH);
	CHECK_EXIT("child", guest_child(inherited), 0);
	CHECK_EXIT("idle", guest_child(idle), 0);
	CHECK_EXIT("reset", guest_child(reset), 0);
	CHECK_OK("back", sched_setscheduler(0, SCHED_OTHER, &p));
	CHECK_EQ("other", sched_getscheduler(0), SCHED_OTHER);
	return guest_done();
}
