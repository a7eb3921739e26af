/* With SA_RESTART a blocked read, accept, wait or futex goes on after the
   handler. See signal(7). static-too */
#include "guest.h"

static int p[2];
static volatile sig_atomic_t seen;

static void on_alarm(int sig)
{
	(void)sig;
	if (++seen == 3)
		guest_write(p[1], "x", 1); /* after two interruptions there is something to read */
}

int main(void)
{
	char c;
	int l = guest_listen(1), t[2];
	MUST(pipe(p));
	guest_tcp_pair(t);
	guest_on(SIGALRM, on_alarm, SA_RESTART);
	guest_tick(5);
	CHECK_EQ("read of a pipe", read(p[0], &c, 1), 1);
	CHECK("handlers ran", seen >= 3);
	guest_tick(0);

	pid_t pid = guest_fork();
	if (pid == 0) {
		guest_sleep_ms(30);
		guest_write(t[1], "y", 1);
		int fd = guest_connect(guest_port(l));
		guest_read(fd, &c, 1);
		guest_sleep_ms(30);
		_exit(0);
	}
	seen = 10;
	guest_tick(5);
	CHECK_EQ("recv of a socket", recv(t[0], &c, 1, 0), 1);
	int fd = (int)CHECK_OK("accept", accept(l, NULL, NULL));
	guest_write(fd, "z", 1);
	int status;
	CHECK("waitpid", waitpid(pid, &status, 0) == pid);
	guest_tick(0);
	CHECK_EXIT("child", status, 0);
	CHECK("handlers ran", seen > 10);
	return guest_done();
}
