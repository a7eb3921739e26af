/* POSIX timers: a real-time signal with its value, the setting read back, and
   deletion. See timer_create(2), timer_settime(2). static-too */
#include "guest.h"

int main(void)
{
	struct sigevent ev;
	struct itimerspec it = {{0, 0}, {0, 10000000}}, now;
	siginfo_t si;
	timer_t id;
	int sig = SIGRTMIN + 3;
	sigset_t set = guest_set(sig, 0);
	guest_block(sig, 0);
	memset(&ev, 0, sizeof ev);
	ev.sigev_notify = SIGEV_SIGNAL;
	ev.sigev_signo = sig;
	ev.sigev_value.sival_int = 77;
	CHECK_OK("create", timer_create(CLOCK_MONOTONIC, &ev, &id));
	int64_t start = guest_now_ns();
	CHECK_OK("arm", timer_settime(id, 0, &it, NULL));
	CHECK("signal", sigwaitinfo(&set, &si) == sig);
	CHECK("at least 10 ms passed", guest_now_ns() - start >= 10000000);
	CHECK("si_code SI_TIMER", si.si_code == SI_TIMER);
	CHECK_EQ("value", si.si_value.sival_int, 77);
	CHECK_EQ("overrun", timer_getoverrun(id), 0);
	it.it_value.tv_sec = 100, it.it_interval.tv_sec = 3;
	MUST(timer_settime(id, 0, &it, NULL));
	CHECK_OK("gettime", timer_gettime(id, &now));
	CHECK("time left", now.it_value.tv_sec >= 90 && now.it_value.tv_sec <= 100);
	CHECK_EQ("interval", now.it_interval.tv_sec, 3);
	it.it_value.tv_nsec = -1;
	CHECK_ERR("bad time", timer_settime(id, 0, &it, NULL), EINVAL);
	CHECK_OK("delete", timer_delete(id));
	CHECK_ERR("unknown clock", timer_create(1000, &ev, &id), EINVAL);
	ev.sigev_signo = 1000;
	CHECK_ERR("bad signal", timer_create(CLOCK_MONOTONIC, &ev, &id), EINVAL);
	CHECK_ERR("unknown timer", syscall(SYS_timer_delete, 123456), EINVAL);
	return guest_done();
}
