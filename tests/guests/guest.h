/* Helpers shared by the guest programs: checks that print one line each, and
   the set-up that would otherwise be repeated. Include this first. See README.md. */
#ifndef GUEST_H
#define GUEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GUEST_UNUSED __attribute__((unused))

/* ---- checks: print what happened, count what was not expected ---- */

static int guest_failures GUEST_UNUSED;

static GUEST_UNUSED const char *guest_errno_name(int e)
{
	const char *name = strerrorname_np(e);
	return name ? name : "unknown";
}

static GUEST_UNUSED void guest_fail(const char *file, int line, const char *name, const char *want)
{
	__atomic_add_fetch(&guest_failures, 1, __ATOMIC_SEQ_CST);
	fprintf(stderr, "%s:%d: %s: wanted %s\n", file, line, name, want);
}

static GUEST_UNUSED int guest_check(const char *file, int line, const char *name, int good)
{
	printf("%s: %s\n", name, good ? "ok" : "not ok");
	if (!good)
		guest_fail(file, line, name, "the condition to hold");
	return good;
}

static GUEST_UNUSED long guest_result(const char *file, int line, const char *name, long r, int want)
{
	int got = r == -1 ? errno : 0;
	if (got)
		printf("%s: errno %s\n", name, guest_errno_name(got));
	else
		printf("%s: ok\n", name);
	if (got != want)
		guest_fail(file, line, name, want ? guest_errno_name(want) : "success");
	errno = got;
	return r;
}

static GUEST_UNUSED long long guest_equal(const char *file, int line, const char *name, long long got, long long want)
{
	int e = errno;
	char text[32];
	if (got == -1 && want != -1)
		printf("%s: -1 errno %s\n", name, guest_errno_name(e));
	else
		printf("%s: %lld\n", name, got);
	snprintf(text, sizeof text, "%lld", want);
	if (got != want)
		guest_fail(file, line, name, text);
	errno = e;
	return got;
}

static GUEST_UNUSED void guest_octal(const char *file, int line, const char *name, unsigned got, unsigned want)
{
	char text[32];
	printf("%s: %04o\n", name, got);
	snprintf(text, sizeof text, "%04o", want);
	if (got != want)
		guest_fail(file, line, name, text);
}

static GUEST_UNUSED void guest_string(const char *file, int line, const char *name, const char *got, const char *want)
{
	printf("%s: \"%s\"\n", name, got);
	if (strcmp(got, want))
		guest_fail(file, line, name, want);
}

/* code < 0 means: killed by signal -code */
static GUEST_UNUSED void guest_status(const char *file, int line, const char *name, int status, int code)
{
	int got = WIFEXITED(status) ? WEXITSTATUS(status) : WIFSIGNALED(status) ? -WTERMSIG(status) : INT_MIN;
	char text[32];
	if (WIFEXITED(status))
		printf("%s: exit %d\n", name, got);
	else if (WIFSIGNALED(status) && sigabbrev_np(-got))
		printf("%s: killed by SIG%s\n", name, sigabbrev_np(-got));
	else
		printf("%s: other status\n", name);
	snprintf(text, sizeof text, "%s %d", code < 0 ? "signal" : "exit", code < 0 ? -code : code);
	if (got != code)
		guest_fail(file, line, name, text);
}

/* CHECK: a condition. CHECK_OK: a call that must not return -1. CHECK_ERR: a
   call that must return -1 with that errno. CHECK_RC: a call that returns 0 or
   an error number itself (pthread style). CHECK_EQ, CHECK_OCT, CHECK_STR: values
   that are printed. CHECK_EXIT, CHECK_KILLED: a wait status. */
#define CHECK(name, cond) guest_check(__FILE__, __LINE__, name, (cond) ? 1 : 0)
#define CHECK_OK(name, call) guest_result(__FILE__, __LINE__, name, (long)(call), 0)
#define CHECK_ERR(name, call, err) guest_result(__FILE__, __LINE__, name, (long)(call), err)
#define CHECK_RC(name, call, err) guest_result(__FILE__, __LINE__, name, (errno = (call)) ? -1L : 0L, err)
#define CHECK_EQ(name, got, want) guest_equal(__FILE__, __LINE__, name, (long long)(got), (long long)(want))
#define CHECK_OCT(name, got, want) guest_octal(__FILE__, __LINE__, name, (unsigned)(got), (unsigned)(want))
#define CHECK_STR(name, got, want) guest_string(__FILE__, __LINE__, name, got, want)
#define CHECK_EXIT(name, status, code) guest_status(__FILE__, __LINE__, name, status, code)
#define CHECK_KILLED(name, status, sig) guest_status(__FILE__, __LINE__, name, status, -(sig))

/* MUST: set-up that is not the feature under test; prints nothing when it works. */
#define MUST(call) guest_must(__FILE__, __LINE__, #call, (long)(call))

static GUEST_UNUSED long guest_must(const char *file, int line, const char *what, long r)
{
	if (r == -1) {
		fprintf(stderr, "%s:%d: %s: %s\n", file, line, what, guest_errno_name(errno));
		exit(99);
	}
	return r;
}

/* Makes so many calls that places which make many are patched from now on. */
static GUEST_UNUSED void guest_warm_up(void)
{
	for (int i = 0; i < 1000; i++)
		syscall(SYS_getppid);
}

/* The value for main to return. */
static GUEST_UNUSED int guest_done(void)
{
	fflush(stdout);
	return guest_failures ? 1 : 0;
}

/* A bare program keeps the C library's own start-up state. */
#ifndef GUEST_BARE
__attribute__((constructor)) static void guest_start(void)
{
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	umask(022);
}
#endif

/* An address where nothing is mapped; volatile, so that the compiler does not know. */
static void *volatile guest_bad GUEST_UNUSED = (void *)8;

/* ---- time ---- */

static GUEST_UNUSED int64_t guest_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static GUEST_UNUSED void guest_sleep_ms(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
	while (nanosleep(&t, &t) == -1 && errno == EINTR)
		;
}

/* ---- processes ---- */

static GUEST_UNUSED _Noreturn void guest_child_exit(void)
{
	fflush(stdout);
	_exit(guest_failures ? 1 : 0);
}

static GUEST_UNUSED pid_t guest_fork(void)
{
	fflush(stdout);
	pid_t pid = (pid_t)MUST(fork());
	if (pid == 0)
		guest_failures = 0;
	return pid;
}

static GUEST_UNUSED int guest_wait(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			guest_must(__FILE__, __LINE__, "waitpid", -1);
	return status;
}

/* Run fn in a child process and return its wait status. */
static GUEST_UNUSED int guest_child(void (*fn)(void))
{
	pid_t pid = guest_fork();
	if (pid == 0) {
		fn();
		guest_child_exit();
	}
	return guest_wait(pid);
}

static GUEST_UNUSED void guest_no_core(void)
{
	struct rlimit none = {0, 0};
	MUST(setrlimit(RLIMIT_CORE, &none));
}

/* ---- threads and futexes ---- */

static GUEST_UNUSED pthread_t guest_thread(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	errno = pthread_create(&t, NULL, fn, arg);
	MUST(errno ? -1 : 0);
	return t;
}

static GUEST_UNUSED void *guest_join(pthread_t t)
{
	void *result;
	errno = pthread_join(t, &result);
	MUST(errno ? -1 : 0);
	return result;
}

static GUEST_UNUSED long guest_futex(uint32_t *at, int op, uint32_t val, const void *timeout_or_val2,
				     uint32_t *at2, uint32_t val3)
{
	return syscall(SYS_futex, at, op, val, timeout_or_val2, at2, val3);
}

/* ---- signals ---- */

static GUEST_UNUSED void guest_on(int sig, void (*fn)(int), int flags)
{
	struct sigaction sa;
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = fn;
	sa.sa_flags = flags;
	MUST(sigaction(sig, &sa, NULL));
}

static GUEST_UNUSED void guest_on_info(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa;
	memset(&sa, 0, sizeof sa);
	sa.sa_sigaction = fn;
	sa.sa_flags = flags | SA_SIGINFO;
	MUST(sigaction(sig, &sa, NULL));
}

static GUEST_UNUSED sigset_t guest_set(int a, int b)
{
	sigset_t set;
	sigemptyset(&set);
	if (a)
		sigaddset(&set, a);
	if (b)
		sigaddset(&set, b);
	return set;
}

/* Block up to two signals in the calling thread. */
static GUEST_UNUSED void guest_block(int a, int b)
{
	sigset_t set = guest_set(a, b);
	errno = pthread_sigmask(SIG_BLOCK, &set, NULL);
	MUST(errno ? -1 : 0);
}

/* SIGALRM every ms milliseconds, so that a call cannot miss its interruption; 0 stops it. */
static GUEST_UNUSED void guest_tick(int ms)
{
	struct itimerval it = {{ms / 1000, ms % 1000 * 1000}, {ms / 1000, ms % 1000 * 1000}};
	MUST(setitimer(ITIMER_REAL, &it, NULL));
}

/* ---- files and descriptors ---- */

static char guest_dir[64] GUEST_UNUSED;
static pid_t guest_dir_owner GUEST_UNUSED;

static GUEST_UNUSED int guest_remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	remove(path);
	return 0;
}

static GUEST_UNUSED void guest_remove_dir(void)
{
	if (getpid() == guest_dir_owner)
		nftw(guest_dir, guest_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Make a fresh directory, go there, and remove it when the program exits. */
static GUEST_UNUSED void guest_tmp(void)
{
	strcpy(guest_dir, "/tmp/fbsim-guest-XXXXXX");
	MUST(mkdtemp(guest_dir) ? 0 : -1);
	guest_dir_owner = getpid();
	atexit(guest_remove_dir);
	MUST(chdir(guest_dir));
}

static GUEST_UNUSED void guest_write(int fd, const void *data, size_t n)
{
	const char *p = data;
	while (n) {
		ssize_t w = write(fd, p, n);
		if (w == -1 && errno == EINTR)
			continue;
		MUST(w);
		p += w;
		n -= (size_t)w;
	}
}

/* Read until n bytes or the end of the stream. */
static GUEST_UNUSED size_t guest_read(int fd, void *data, size_t n)
{
	char *p = data;
	size_t got = 0;
	while (got < n) {
		ssize_t r = read(fd, p + got, n - got);
		if (r == -1 && errno == EINTR)
			continue;
		if (MUST(r) == 0)
			break;
		got += (size_t)r;
	}
	return got;
}

/* Create or replace a file with this text. */
static GUEST_UNUSED void guest_file(const char *path, const char *text)
{
	int fd = (int)MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
	guest_write(fd, text, strlen(text));
	MUST(close(fd));
}

/* The whole of a small file as a string (static storage). */
static GUEST_UNUSED const char *guest_text(const char *path)
{
	static char text[65536];
	int fd = (int)MUST(open(path, O_RDONLY | O_CLOEXEC));
	text[guest_read(fd, text, sizeof text - 1)] = 0;
	MUST(close(fd));
	return text;
}

static GUEST_UNUSED void guest_nonblock(int fd)
{
	MUST(fcntl(fd, F_SETFL, (int)MUST(fcntl(fd, F_GETFL)) | O_NONBLOCK));
}

/* poll one descriptor: the events, or 0 when the time ran out */
static GUEST_UNUSED int guest_poll(int fd, int events, int ms)
{
	struct pollfd p = {fd, (short)events, 0};
	MUST(poll(&p, 1, ms));
	return p.revents;
}

/* poll and epoll events by name */
static GUEST_UNUSED const char *guest_events(uint32_t e)
{
	static char text[64];
	snprintf(text, sizeof text, "%s%s%s%s%s%s", e & POLLIN ? " IN" : "", e & POLLOUT ? " OUT" : "",
		 e & POLLRDHUP ? " RDHUP" : "", e & POLLHUP ? " HUP" : "", e & POLLERR ? " ERR" : "",
		 e & POLLNVAL ? " NVAL" : "");
	return text[0] ? text + 1 : "none";
}

/* ---- sockets on 127.0.0.1 ---- */

static GUEST_UNUSED struct sockaddr_in guest_addr(int port)
{
	struct sockaddr_in a;
	memset(&a, 0, sizeof a);
	a.sin_family = AF_INET;
	a.sin_port = htons((uint16_t)port);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

static GUEST_UNUSED int guest_port(int fd)
{
	struct sockaddr_in a;
	socklen_t len = sizeof a;
	MUST(getsockname(fd, (struct sockaddr *)&a, &len));
	return ntohs(a.sin_port);
}

/* A socket of that type bound to a free port of 127.0.0.1. */
static GUEST_UNUSED int guest_bound(int type)
{
	struct sockaddr_in a = guest_addr(0);
	int fd = (int)MUST(socket(AF_INET, type, 0));
	MUST(bind(fd, (struct sockaddr *)&a, sizeof a));
	return fd;
}

static GUEST_UNUSED int guest_listen(int backlog)
{
	int fd = guest_bound(SOCK_STREAM);
	MUST(listen(fd, backlog));
	return fd;
}

static GUEST_UNUSED int guest_connect(int port)
{
	struct sockaddr_in a = guest_addr(port);
	int fd = (int)MUST(socket(AF_INET, SOCK_STREAM, 0));
	MUST(connect(fd, (struct sockaddr *)&a, sizeof a));
	return fd;
}

/* A connected pair: end 0 called connect, end 1 came from accept. */
static GUEST_UNUSED void guest_tcp_pair(int end[2])
{
	int l = guest_listen(1);
	end[0] = guest_connect(guest_port(l));
	end[1] = (int)MUST(accept(l, NULL, NULL));
	MUST(close(l));
}

#endif
