/* The calls that every program makes. */
#define _GNU_SOURCE
#include "kinds.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int fd, pair[2];
static char buffer[4096];
static volatile int word;

static void open_null(void) { need((fd = open("/dev/null", O_RDWR)) >= 0, "/dev/null"); }
static void open_zero(void) { need((fd = open("/dev/zero", O_RDONLY)) >= 0, "/dev/zero"); }
static void open_self(void) { need((fd = open("/etc/passwd", O_RDONLY)) >= 0, "/etc/passwd"); }
static void open_scratch(void) {
  char name[] = "/tmp/calls.XXXXXX";
  need((fd = mkstemp(name)) >= 0, "a file in /tmp");
  unlink(name);
  need(write(fd, buffer, sizeof buffer) == sizeof buffer, "write");
}
static void open_pipe(void) { need(pipe(pair) == 0, "pipe"); }
static void open_sockets(void) { need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair"); }
static void open_event(void) { need((fd = eventfd(0, 0)) >= 0, "eventfd"); }
static void open_epoll(void) {
  open_pipe();
  need(write(pair[1], "x", 1) == 1, "write");
  need((fd = epoll_create1(0)) >= 0, "epoll_create1");
  struct epoll_event event = {.events = EPOLLIN};
  need(epoll_ctl(fd, EPOLL_CTL_ADD, pair[0], &event) == 0, "epoll_ctl");
}
static void handled(int signal) { word = signal; }
static void set_handler(void) { signal(SIGUSR1, handled); }
static void *end_at_once(void *unused) { return unused; }

static void do_getppid(void) { syscall(SYS_getppid); }
static void do_gettid(void) { syscall(SYS_gettid); }
static void do_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
}
static void do_yield(void) { sched_yield(); }
static void do_futex(void) { syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0); }
static void do_uname(void) {
  struct utsname name;
  uname(&name);
}
static void do_random(void) { need(getrandom(buffer, 16, 0) == 16, "getrandom"); }
static void do_mask(void) {
  sigset_t set;
  sigprocmask(SIG_BLOCK, NULL, &set);
}
static void do_read(void) { need(read(fd, buffer, 1) == 1, "read"); }
static void do_write(void) { need(write(fd, buffer, 1) == 1, "write"); }
static void do_pread(void) { need(pread(fd, buffer, 512, 0) > 0, "pread"); }
static void do_pwrite(void) { need(pwrite(fd, buffer, 4096, 0) == 4096, "pwrite"); }
static void do_lseek(void) { lseek(fd, 0, SEEK_SET); }
static void do_fstat(void) {
  struct stat st;
  need(fstat(fd, &st) == 0, "fstat");
}
static void do_stat(void) {
  struct stat st;
  need(stat("/etc/passwd", &st) == 0, "stat");
}
static void do_open(void) {
  int opened = open("/etc/passwd", O_RDONLY);
  need(opened >= 0, "open");
  close(opened);
}
static void do_through(void) {
  need(write(pair[1], "x", 1) == 1, "write");
  need(read(pair[0], buffer, 1) == 1, "read");
}
static void do_event(void) {
  uint64_t one = 1;
  need(write(fd, &one, 8) == 8, "write");
  need(read(fd, &one, 8) == 8, "read");
}
static void do_epoll(void) {
  struct epoll_event event;
  need(epoll_wait(fd, &event, 1, 0) == 1, "epoll_wait");
}
static void do_poll(void) {
  struct pollfd one = {.fd = fd, .events = POLLOUT};
  need(poll(&one, 1, 0) == 1, "poll");
}
static void do_map(void) {
  char *at = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  need(at != MAP_FAILED, "mmap");
  munmap(at, 65536);
}
static void do_touch(void) {
  char *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  need(at != MAP_FAILED, "mmap");
  *(volatile char *)at = 1;
  munmap(at, 4096);
}
static void do_signal(void) { raise(SIGUSR1); }
static void do_thread(void) {
  pthread_t thread;
  need(pthread_create(&thread, NULL, end_at_once, NULL) == 0, "pthread_create");
  pthread_join(thread, NULL);
}
static void do_fork(void) {
  pid_t child = fork();
  if (child == 0)
    _exit(0);
  need(child > 0 && waitpid(child, NULL, 0) == child, "fork");
}

static const struct kind kinds[] = {
    {"getppid", nothing, do_getppid},
    {"gettid", nothing, do_gettid},
    {"clock_gettime", nothing, do_clock},
    {"sched_yield", nothing, do_yield},
    {"futex wake, nobody waits", nothing, do_futex},
    {"uname", nothing, do_uname},
    {"getrandom 16 B", nothing, do_random},
    {"sigprocmask", nothing, do_mask},
    {"read 1 B of /dev/zero", open_zero, do_read},
    {"write 1 B to /dev/null", open_null, do_write},
    {"pread 512 B of a file", open_self, do_pread},
    {"pwrite 4 KiB to a file", open_scratch, do_pwrite},
    {"lseek", open_self, do_lseek},
    {"fstat", open_self, do_fstat},
    {"stat of a path", nothing, do_stat},
    {"open and close", nothing, do_open},
    {"pipe write and read 1 B", open_pipe, do_through},
    {"socketpair write and read 1 B", open_sockets, do_through},
    {"eventfd write and read", open_event, do_event},
    {"epoll_wait, one ready", open_epoll, do_epoll},
    {"poll, one ready", open_null, do_poll},
    {"mmap and munmap 64 KiB", nothing, do_map},
    {"mmap, touch, munmap 4 KiB", nothing, do_touch},
    {"raise with a handler", set_handler, do_signal},
    {"pthread create and join", nothing, do_thread},
    {"fork, exit and wait", nothing, do_fork},
};

int main(int argc, char **argv) { return repeat(kinds, sizeof kinds / sizeof *kinds, argc, argv); }
