/* Clocks do not go backwards, nanoseconds stay in range, unknown clocks are
   refused. See clock_gettime(2). static-too */
#include "guest.h"

static void steady(const char *name, clockid_t id)
{
	struct timespec a, b;
	int good = clock_gettime(id, &a) == 0;
	for (int i = 0; i < 1000; i++) {
		good = good && clock_gettime(id, &b) == 0;
		good = good && b.tv_nsec >= 0 && b.tv_nsec < 1000000000;
		good = good && (b.tv_sec > a.tv_sec || (b.tv_sec == a.tv_sec && b.tv_nsec >= a.tv_nsec));
		a = b;
	}
	CHECK(name, good);
}

int main(void)
{
	struct timespec t, r;
	steady("CLOCK_MONOTONIC", CLOCK_MONOTONIC);
	steady("CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW);
	steady("CLOCK_MONOTONIC_COARSE", CLOCK_MONOTONIC_COARSE);
	steady("CLOCK_BOOTTIME", CLOCK_BOOTTIME);
	steady("CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID);
	steady("CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID);
	int64_t before = guest_now_ns();
	guest_sleep_ms(5);
	CHECK("5 ms of sleep pass on it", guest_now_ns() - before >= 5000000);
	before = guest_now_ns();
	MUST(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t));
	CHECK("the system call agrees with the library",
	      t.tv_sec * 1000000000LL + t.tv_nsec >= before &&
	      t.tv_sec * 1000000000LL + t.tv_nsec <= guest_now_ns());
	CHECK_OK("clock_getres", clock_getres(CLOCK_MONOTONIC, &r));
	CHECK("resolution within a second", r.tv_sec == 0 && r.tv_nsec >= 1);
	CHECK_OK("clock_getres NULL", clock_getres(CLOCK_REALTIME, NULL));
	CHECK_ERR("unknown clock", clock_gettime(1000, &t), EINVAL);
	CHECK_ERR("unknown clock, resolution", clock_getres(1000, &r), EINVAL);
	CHECK_ERR("bad address", syscall(SYS_clock_gettime, CLOCK_MONOTONIC, guest_bad), EFAULT);
	return guest_done();
}
