/* poll: several descriptors, time-out, regular files, ignored entries. See poll(2). static-too */
#include "guest.h"

static int p[2];

static void on_alarm(int sig) { (void)sig; }

static void *later(void *arg)
{
	guest_sleep_ms(10);
	guest_write(p[1], "x", 1);
	return arg;
}

int main(void)
{
	guest_tmp();
	guest_file("f", "");
	MUST(pipe(p));
	int file = (int)MUST(open("f", O_RDWR));
	struct pollfd f[4] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}, {-1, POLLIN, 77}, {file, POLLIN | POLLOUT, 0}};
	CHECK_EQ("ready", poll(f, 4, 0), 2);
	CHECK_EQ("empty pipe", f[0].revents, 0);
	CHECK_EQ("writable pipe", f[1].revents, POLLOUT);
	CHECK_EQ("negative descriptor", f[2].revents, 0);
	CHECK_EQ("regular file", f[3].revents, POLLIN | POLLOUT);
	int64_t start = guest_now_ns();
	CHECK_EQ("20 ms", poll(f, 1, 20), 0);
	CHECK_EQ("20 ms on nothing", poll(NULL, 0, 20), 0);
	CHECK("40 ms passed", guest_now_ns() - start >= 40000000);
	pthread_t t = guest_thread(later, NULL);
	CHECK_EQ("woken", poll(f, 1, -1), 1);
	guest_join(t);
	CHECK_EQ("readable", f[0].revents, POLLIN);
	f[1] = f[0];
	CHECK_EQ("the same one twice", poll(f, 2, 0), 2);
	CHECK_EQ("nothing asked", guest_poll(p[0], 0, 0), 0);
	CHECK_ERR("bad address", poll(guest_bad, 1, 0), EFAULT);
	guest_on(SIGALRM, on_alarm, SA_RESTART);
	guest_tick(10);
	CHECK_ERR("interrupted, even with SA_RESTART", poll(NULL, 0, -1), EINTR);
	guest_tick(0);
	return guest_done();
}
