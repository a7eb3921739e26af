/* POSIX timers of processor time: they fire as the process computes, once or periodically, and not while it sleeps.
   See timer_create(2). static-too */
#include "guest.h"

static volatile sig_atomic_t fired, code;
static void note(int s, siginfo_t *info, void *unused)
{
	(void)s, (void)unused;
	fired++;
	code = info->si_code;
}
static void compute_until(int times)
{
	for (long i = 0; fired < times && i < 400000000; i++)
		getppid();
}

int main(void)
{
	struct sigaction a = { .sa_sigaction = note, .sa_flags = SA_SIGINFO };
	struct sigevent e = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec once = { .it_value = { 0, 20000000 } }, often = { { 0, 10000000 }, { 0, 10000000 } }, now;
	timer_t t;
	MUST(sigaction(SIGUSR1, &a, NULL));
	clockid_t clocks[] = { CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };
	for (int i = 0; i < 2; i++) {
		fired = 0;
		CHECK_OK("create", timer_create(clocks[i], &e, &t));
		CHECK_OK("set", timer_settime(t, 0, &once, NULL));
		usleep(50000);
		CHECK_EQ("sleeping is no computing", fired, 0);
		MUST(timer_gettime(t, &now));
		CHECK("time left", now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 20000000);
		compute_until(1);
		CHECK_EQ("fired", fired, 1);
		CHECK_EQ("by a timer", code, SI_TIMER);
		MUST(timer_gettime(t, &now));
		CHECK("idle", now.it_value.tv_nsec == 0 && now.it_value.tv_sec == 0);
		CHECK_OK("periodic", timer_settime(t, 0, &often, NULL));
		compute_until(4);
		CHECK("again and again", fired >= 4);
		struct timespec used;
		MUST(clock_gettime(clocks[i], &used));
		once.it_value.tv_sec = used.tv_sec + 1000;
		CHECK_OK("absolute", timer_settime(t, TIMER_ABSTIME, &once, &now));
		once.it_value.tv_sec = 0;
		CHECK("the period it had", now.it_interval.tv_nsec == 10000000);
		MUST(timer_gettime(t, &now));
		CHECK("not before long", now.it_value.tv_sec >= 900);
		CHECK_OK("delete", timer_delete(t));
	}
	e.sigev_notify = SIGEV_NONE;
	CHECK_OK("without a signal", timer_create(CLOCK_PROCESS_CPUTIME_ID, &e, &t));
	CHECK_OK("set", timer_settime(t, 0, &often, NULL));
	for (int i = 0; i < 30000; i++)
		getppid();
	MUST(timer_gettime(t, &now));
	CHECK("it runs", now.it_value.tv_nsec > 0 && now.it_value.tv_nsec <= 10000000);
	CHECK_OK("delete", timer_delete(t));
	return guest_failures != 0;
}
