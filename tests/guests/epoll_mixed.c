/* One epoll over an eventfd, a pipe, a timer, a socket and a signalfd. See epoll(7). static-too */
#include "guest.h"
#include <sys/signalfd.h>
#include <sys/timerfd.h>

static int ep;

static void watch(int fd, const char *name)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = (void *)name};
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev));
}

static void list(const char *when, const char *want)
{
	const char *all[] = {"eventfd", "pipe", "signal", "socket", "timer"};
	struct epoll_event got[8];
	char text[100] = "";
	int n = (int)MUST(epoll_wait(ep, got, 8, 0));
	for (int k = 0; k < 5; k++)
		for (int i = 0; i < n; i++)
			if (!strcmp(got[i].data.ptr, all[k]) && got[i].events == EPOLLIN)
				strcat(strcat(text, " "), all[k]);
	CHECK_STR(when, text, want);
}

int main(void)
{
	int p[2], s[2];
	char text[128];
	sigset_t set = guest_set(SIGUSR1, 0);
	ep = (int)MUST(epoll_create1(0));
	guest_block(SIGUSR1, 0);
	int e = (int)MUST(eventfd(0, 0)), t = (int)MUST(timerfd_create(CLOCK_MONOTONIC, 0));
	int g = (int)MUST(signalfd(-1, &set, 0));
	MUST(pipe(p));
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	watch(e, "eventfd"), watch(p[0], "pipe"), watch(g, "signal"), watch(s[0], "socket"), watch(t, "timer");
	list("nothing", "");
	MUST(eventfd_write(e, 1));
	list("event", " eventfd");
	MUST(write(p[1], "x", 1));
	MUST(write(s[1], "x", 1));
	list("and bytes", " eventfd pipe socket");
	raise(SIGUSR1);
	list("and a signal", " eventfd pipe signal socket");
	struct itimerspec it = {{0, 0}, {0, 1}};
	MUST(timerfd_settime(t, 0, &it, NULL));
	CHECK_EQ("timer", guest_poll(t, POLLIN, 5000), POLLIN);
	list("and a timer", " eventfd pipe signal socket timer");
	MUST(read(e, text, 8));
	MUST(read(p[0], text, 8));
	list("two drained", " signal socket timer");
	MUST(read(g, text, sizeof text));
	MUST(read(s[0], text, 8));
	MUST(read(t, text, 8));
	list("all drained", "");
	return guest_done();
}
