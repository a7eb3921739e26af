/* RLIMIT_NOFILE: EMFILE at the limit, for every call that makes a descriptor;
   soft and hard limits. See getrlimit(2). static-too */
#include "guest.h"

int main(void)
{
	struct rlimit r, old, now;
	int p[2], s[2], last = -1, fd;
	MUST(getrlimit(RLIMIT_NOFILE, &old));
	CHECK("soft is not above hard", old.rlim_cur <= old.rlim_max);
	int l = guest_listen(5), port = guest_port(l), ep = (int)MUST(epoll_create1(0)), c = guest_connect(port);
	r.rlim_cur = 40, r.rlim_max = old.rlim_max;
	CHECK_OK("set", setrlimit(RLIMIT_NOFILE, &r));
	MUST(getrlimit(RLIMIT_NOFILE, &now));
	CHECK_EQ("soft", now.rlim_cur, 40);
	CHECK("hard unchanged", now.rlim_max == old.rlim_max);
	while ((fd = dup(l)) != -1)
		last = fd;
	CHECK_RC("dup", errno, EMFILE);
	CHECK_EQ("the highest one", last, 39);
	CHECK_ERR("open", open("/dev/null", O_RDONLY), EMFILE);
	CHECK_ERR("pipe", pipe(p), EMFILE);
	CHECK_ERR("socket", socket(AF_INET, SOCK_STREAM, 0), EMFILE);
	CHECK_ERR("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, s), EMFILE);
	CHECK_ERR("accept", accept(l, NULL, NULL), EMFILE);
	CHECK_ERR("eventfd", eventfd(0, 0), EMFILE);
	CHECK_ERR("epoll_create1", epoll_create1(0), EMFILE);
	CHECK_ERR("F_DUPFD at the limit", fcntl(l, F_DUPFD, 40), EINVAL);
	CHECK_ERR("F_DUPFD below it", fcntl(l, F_DUPFD, 10), EMFILE);
	CHECK_ERR("dup2 at the limit", dup2(l, 40), EBADF);
	CHECK("dup2 below it", dup2(l, 39) == 39);
	MUST(close(39));
	CHECK_ERR("pipe needs two", pipe(p), EMFILE);
	CHECK("accept takes the last", accept(l, NULL, NULL) == 39);
	CHECK_EQ("the connection was not lost", write(c, "x", 1), 1);
	r.rlim_cur = 3;
	CHECK_OK("a limit below what is open", setrlimit(RLIMIT_NOFILE, &r));
	CHECK_OK("what is open stays", fcntl(ep, F_GETFD));
	struct pollfd f[4] = {{ep, POLLIN, 0}};
	CHECK_ERR("poll of more than the limit", poll(f, 4, 0), EINVAL);
	CHECK_OK("back", setrlimit(RLIMIT_NOFILE, &old));
	r.rlim_cur = 10, r.rlim_max = 5;
	CHECK_ERR("soft above hard", setrlimit(RLIMIT_NOFILE, &r), EINVAL);
	CHECK_ERR("unknown limit", getrlimit(99, &r), EINVAL);
	CHECK_OK("prlimit", prlimit(0, RLIMIT_NOFILE, NULL, &now));
	CHECK("same", now.rlim_cur == old.rlim_cur);
	return guest_done();
}
