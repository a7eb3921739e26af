/* nanosleep sleeps at least as long as asked, reports what is left after a
   signal (SA_RESTART or not) and refuses bad times. See nanosleep(2). static-too */
#include "guest.h"

static void on_alarm(int sig) { (void)sig; }

int main(void)
{
	struct timespec t = {0, 20000000}, left = {7, 7};
	int64_t start = guest_now_ns();
	CHECK_OK("nanosleep 20 ms", nanosleep(&t, NULL));
	CHECK("at least 20 ms passed", guest_now_ns() - start >= 20000000);
	t.tv_nsec = 0;
	CHECK_OK("nanosleep 0", nanosleep(&t, &left));
	CHECK("nothing written when it completed", left.tv_sec == 7 && left.tv_nsec == 7);
	t.tv_nsec = 1000000000;
	CHECK_ERR("a whole second of nanoseconds", nanosleep(&t, NULL), EINVAL);
	t.tv_nsec = -1;
	CHECK_ERR("negative nanoseconds", nanosleep(&t, NULL), EINVAL);
	t.tv_sec = -1, t.tv_nsec = 0;
	CHECK_ERR("negative seconds", nanosleep(&t, NULL), EINVAL);
	CHECK_ERR("bad address", syscall(SYS_nanosleep, guest_bad, NULL), EFAULT);

	const int flags[] = {0, SA_RESTART};
	for (int i = 0; i < 2; i++) {
		guest_on(SIGALRM, on_alarm, flags[i]);
		guest_tick(10);
		t.tv_sec = 100, t.tv_nsec = 0;
		CHECK_ERR("interrupted", nanosleep(&t, &left), EINTR);
		guest_tick(0);
		CHECK("time left is less than asked", left.tv_sec < 100 && left.tv_sec >= 1);
	}
	return guest_done();
}
