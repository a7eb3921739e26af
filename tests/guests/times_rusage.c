/* times, getrusage, clock, wait4: processor time only grows; the children's is
   added when they are waited for. See times(2), getrusage(2), wait4(2). static-too */
#include "guest.h"
#include <sys/times.h>

static int64_t us(struct rusage *r)
{
	return (r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1000000LL + r->ru_utime.tv_usec + r->ru_stime.tv_usec;
}

int main(void)
{
	struct rusage a, b, c;
	struct tms t, u;
	int status;
	clock_t start = times(&t), k = clock();
	CHECK_OK("times", start);
	CHECK_OK("getrusage", getrusage(RUSAGE_SELF, &a));
	volatile unsigned x = 0;
	for (int i = 0; i < 2000000; i++)
		x += (unsigned)i;
	clock_t end = times(&u);
	MUST(getrusage(RUSAGE_SELF, &b));
	CHECK("elapsed ticks", end >= start);
	CHECK("own ticks", u.tms_utime >= t.tms_utime && u.tms_stime >= t.tms_stime);
	CHECK("own microseconds", us(&b) >= us(&a));
	CHECK("clock", clock() >= k && k >= 0);
	CHECK("largest memory", b.ru_maxrss > 0 && b.ru_maxrss >= a.ru_maxrss);
	CHECK("page faults", b.ru_minflt >= a.ru_minflt && a.ru_minflt >= 0);
	CHECK_EQ("no children yet", u.tms_cutime + u.tms_cstime, 0);
	MUST(getrusage(RUSAGE_CHILDREN, &a));
	CHECK_EQ("no children yet", us(&a), 0);
	pid_t pid = guest_fork();
	if (pid == 0) {
		for (int i = 0; i < 2000000; i++)
			x += (unsigned)i;
		_exit(3);
	}
	CHECK("wait4", wait4(pid, &status, 0, &c) == pid);
	CHECK_EXIT("child", status, 3);
	CHECK("time of the child", us(&c) >= 0);
	MUST(getrusage(RUSAGE_CHILDREN, &b));
	CHECK("added to the children's", us(&b) >= us(&c));
	CHECK_OK("of this thread", getrusage(RUSAGE_THREAD, &a));
	CHECK_ERR("unknown kind", getrusage(77, &a), EINVAL);
	CHECK_ERR("bad address", getrusage(RUSAGE_SELF, guest_bad), EFAULT);
	return guest_done();
}
