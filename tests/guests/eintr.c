/* Without SA_RESTART, blocked calls return EINTR when a handler ran. See
   signal(7). static-too */
#include "guest.h"

static void on_alarm(int sig) { (void)sig; }

int main(void)
{
	char c;
	int p[2], s[2], l = guest_listen(1), u = guest_bound(SOCK_DGRAM);
	sem_t sem;
	uint64_t v;
	uint32_t f = 0;
	sem_init(&sem, 0, 0);
	MUST(pipe(p));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	guest_tmp();
	MUST(mkfifo("fifo", 0600));
	pid_t pid = guest_fork();
	if (pid == 0)
		for (;;)
			pause();
	guest_on(SIGALRM, on_alarm, 0);
	guest_tick(3);
	CHECK_ERR("read of a pipe", read(p[0], &c, 1), EINTR);
	CHECK_ERR("recv of a unix socket", recv(s[0], &c, 1, 0), EINTR);
	CHECK_ERR("recv of a udp socket", recv(u, &c, 1, 0), EINTR);
	CHECK_ERR("accept", accept(l, NULL, NULL), EINTR);
	CHECK_ERR("read of an eventfd", read((int)MUST(eventfd(0, 0)), &v, 8), EINTR);
	CHECK_ERR("open of a fifo", open("fifo", O_RDONLY), EINTR);
	CHECK_ERR("waitpid", waitpid(pid, NULL, 0), EINTR);
	CHECK_ERR("sem_wait", sem_wait(&sem), EINTR);
	CHECK_ERR("futex", guest_futex(&f, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), EINTR);
	guest_tick(0);
	MUST(kill(pid, SIGKILL));
	CHECK_KILLED("child", guest_wait(pid), SIGKILL);
	return guest_done();
}
