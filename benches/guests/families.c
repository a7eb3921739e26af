/* Calls of the other families: what some programs make often and most never. */
#define _GNU_SOURCE
#include "kinds.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <netdb.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int fd, pair[2], queue;
static char buffer[65536];
static timer_t timer;
static struct sockaddr_in address;

static void enter_scratch(void) {
  char name[] = "/tmp/families.XXXXXX";
  need(mkdtemp(name) != NULL && chdir(name) == 0, "a directory in /tmp");
}
static void open_file(void) {
  enter_scratch();
  need((fd = open("file", O_RDWR | O_CREAT, 0600)) >= 0, "open");
  need(write(fd, buffer, sizeof buffer) == sizeof buffer, "write");
}
static void fill_directory(void) {
  char name[20];
  enter_scratch();
  for (int i = 0; i < 100; i++) {
    sprintf(name, "file-%d", i);
    close(open(name, O_WRONLY | O_CREAT, 0600));
  }
}
static void open_inotify(void) {
  open_file();
  need((queue = inotify_init1(0)) >= 0 && inotify_add_watch(queue, ".", IN_MODIFY) > 0, "inotify");
}
static void open_terminal(void) {
  struct termios raw;
  need(openpty(&pair[0], &pair[1], NULL, NULL, NULL) == 0 && tcgetattr(pair[1], &raw) == 0, "openpty");
  cfmakeraw(&raw);
  need(tcsetattr(pair[1], TCSANOW, &raw) == 0, "tcsetattr");
}
static void open_sockets(void) { need(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair"); }
static void listen_here(int kind) {
  socklen_t len = sizeof address;
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  need((fd = socket(AF_INET, kind, 0)) >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0, "bind");
  need(getsockname(fd, (struct sockaddr *)&address, &len) == 0, "getsockname");
}
static void open_udp(void) { listen_here(SOCK_DGRAM); }
static void listen_tcp(void) {
  listen_here(SOCK_STREAM);
  need(listen(fd, 8) == 0, "listen");
}
static void open_tcp(void) {
  listen_tcp();
  need((pair[1] = socket(AF_INET, SOCK_STREAM, 0)) >= 0, "socket");
  need(connect(pair[1], (struct sockaddr *)&address, sizeof address) == 0, "connect");
  need((pair[0] = accept(fd, NULL, NULL)) >= 0, "accept");
}
static void open_netlink(void) { need((fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)) >= 0, "netlink"); }
static void get_semaphore(void) { need((queue = semget(IPC_PRIVATE, 1, 0600)) >= 0, "semget"); }
static void get_queue(void) { need((queue = msgget(IPC_PRIVATE, 0600)) >= 0, "msgget"); }
static void get_segment(void) { need((queue = shmget(IPC_PRIVATE, 65536, 0600)) >= 0, "shmget"); }
static void make_timer(void) { need(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0, "timer_create"); }
static void open_timer(void) { need((fd = timerfd_create(CLOCK_MONOTONIC, 0)) >= 0, "timerfd_create"); }
static void open_epoll(void) {
  open_sockets();
  need((fd = epoll_create1(0)) >= 0, "epoll_create1");
}
static void open_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  need((fd = signalfd(-1, &set, 0)) >= 0, "signalfd");
}
static void open_sendfile(void) {
  open_file();
  need((queue = open("/dev/null", O_WRONLY)) >= 0, "/dev/null");
}

static void do_inotify(void) {
  need(pwrite(fd, "x", 1, 0) == 1, "pwrite");
  need(read(queue, buffer, sizeof buffer) > 0, "read");
}
static void do_terminal(void) {
  need(write(pair[1], "x", 1) == 1, "write");
  need(read(pair[0], buffer, 1) == 1, "read");
}
static void do_netlink(void) {
  struct {
    struct nlmsghdr head;
    struct ifaddrmsg body;
  } ask = {{sizeof ask, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {.ifa_family = AF_UNSPEC}};
  need(send(fd, &ask, sizeof ask, 0) == sizeof ask, "send");
  for (;;) {
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    need(n > 0, "recv");
    for (struct nlmsghdr *m = (struct nlmsghdr *)buffer; NLMSG_OK(m, n); m = NLMSG_NEXT(m, n))
      if (m->nlmsg_type == NLMSG_DONE)
        return;
  }
}
static void do_resolve(void) {
  struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM};
  need(getaddrinfo("localhost", "80", &hints, &found) == 0, "getaddrinfo");
  freeaddrinfo(found);
}
static void do_semaphore(void) {
  struct sembuf up = {0, 1, 0}, down = {0, -1, 0};
  need(semop(queue, &up, 1) == 0 && semop(queue, &down, 1) == 0, "semop");
}
static void do_message(void) {
  struct {
    long type;
    char text[64];
  } m = {1, ""};
  need(msgsnd(queue, &m, sizeof m.text, 0) == 0, "msgsnd");
  need(msgrcv(queue, &m, sizeof m.text, 0, 0) == sizeof m.text, "msgrcv");
}
static void do_attach(void) {
  char *at = shmat(queue, NULL, 0);
  need(at != (char *)-1, "shmat");
  shmdt(at);
}
static void do_timer(void) {
  struct itimerspec later = {{0, 0}, {100, 0}};
  need(timer_settime(timer, 0, &later, NULL) == 0 && timer_gettime(timer, &later) == 0, "timer_settime");
}
static void do_timerfd(void) {
  struct itimerspec later = {{0, 0}, {100, 0}};
  need(timerfd_settime(fd, 0, &later, NULL) == 0, "timerfd_settime");
}
static void do_itimer(void) {
  struct itimerval later = {{0, 0}, {100, 0}}, before;
  need(setitimer(ITIMER_REAL, &later, &before) == 0, "setitimer");
}
static void do_pass(void) {
  char control[CMSG_SPACE(sizeof(int))] = "";
  struct iovec one = {buffer, 1};
  struct msghdr m = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(c), &pair[0], sizeof(int));
  need(sendmsg(pair[1], &m, 0) == 1, "sendmsg");
  need(recvmsg(pair[0], &m, 0) == 1, "recvmsg");
  int got;
  memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof got);
  close(got);
}
static void do_datagram(void) {
  need(sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof address) == 1, "sendto");
  need(recvfrom(fd, buffer, 1, 0, NULL, NULL) == 1, "recvfrom");
}
static void do_connect(void) {
  int from = socket(AF_INET, SOCK_STREAM, 0);
  need(from >= 0 && connect(from, (struct sockaddr *)&address, sizeof address) == 0, "connect");
  int to = accept(fd, NULL, NULL);
  struct linger now = {1, 0};
  need(to >= 0 && setsockopt(from, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0, "accept");
  close(from), close(to);
}
static void do_map_shared(void) {
  char *at = mmap(NULL, sizeof buffer, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  need(at != MAP_FAILED, "mmap");
  *(volatile char *)at = 1;
  munmap(at, sizeof buffer);
}
static void do_execute(void) {
  pid_t child = vfork();
  if (child == 0) {
    execl("/bin/true", "true", NULL);
    _exit(1);
  }
  need(child > 0 && waitpid(child, NULL, 0) == child, "execl");
}
static int end_child(void *unused) { return unused != NULL; }
static void do_clone(void) {
  pid_t child = clone(end_child, buffer + sizeof buffer, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
  need(child > 0 && waitpid(child, NULL, 0) == child, "clone");
}
static void do_list(void) {
  DIR *directory = opendir(".");
  need(directory != NULL, "opendir");
  while (readdir(directory))
    ;
  closedir(directory);
}
static void do_rename(void) { need(rename("file", "other") == 0 && rename("other", "file") == 0, "rename"); }
static void do_create(void) {
  int made = open("made", O_WRONLY | O_CREAT | O_EXCL, 0600);
  need(made >= 0, "open");
  close(made);
  need(unlink("made") == 0, "unlink");
}
static void do_directory(void) { need(mkdir("made", 0700) == 0 && rmdir("made") == 0, "mkdir"); }
static void do_link(void) {
  need(symlink("file", "link") == 0 && readlink("link", buffer, 99) == 4 && unlink("link") == 0, "symlink");
}
static void do_attribute(void) {
  need(setxattr("file", "user.name", "value", 5, 0) == 0, "setxattr");
  need(getxattr("file", "user.name", buffer, 99) == 5, "getxattr");
}
static void do_lock(void) {
  struct flock lock = {.l_type = F_WRLCK, .l_len = 10};
  need(fcntl(fd, F_SETLK, &lock) == 0, "F_SETLK");
  lock.l_type = F_UNLCK;
  need(fcntl(fd, F_SETLK, &lock) == 0, "F_SETLK");
}
static void do_flock(void) { need(flock(fd, LOCK_EX) == 0 && flock(fd, LOCK_UN) == 0, "flock"); }
static void do_sync(void) { need(pwrite(fd, "x", 1, 0) == 1 && fdatasync(fd) == 0, "fdatasync"); }
static void do_truncate(void) { need(ftruncate(fd, 0) == 0 && ftruncate(fd, 65536) == 0, "ftruncate"); }
static void do_sendfile(void) {
  off_t from = 0;
  need(sendfile(queue, fd, &from, 4096) == 4096, "sendfile");
}
static void do_watch(void) {
  struct epoll_event event = {.events = EPOLLIN};
  need(epoll_ctl(fd, EPOLL_CTL_ADD, pair[0], &event) == 0 && epoll_ctl(fd, EPOLL_CTL_DEL, pair[0], NULL) == 0, "epoll_ctl");
}
static void do_signal(void) {
  raise(SIGUSR1);
  need(read(fd, buffer, sizeof buffer) > 0, "read");
}
static void do_memory_file(void) {
  int made = memfd_create("bench", 0);
  need(made >= 0, "memfd_create");
  close(made);
}
static void do_process_file(void) {
  int opened = open("/proc/self/stat", O_RDONLY);
  need(opened >= 0 && read(opened, buffer, 4096) > 0, "/proc/self/stat");
  close(opened);
}
static void do_usage(void) {
  struct rusage usage;
  need(getrusage(RUSAGE_SELF, &usage) == 0, "getrusage");
}

static const struct kind kinds[] = {
    {"inotify: write to a watched file, read the event", open_inotify, do_inotify},
    {"pseudo-terminal write and read 1 B", open_terminal, do_terminal},
    {"netlink dump of all addresses", open_netlink, do_netlink},
    {"getaddrinfo of localhost", nothing, do_resolve},
    {"System V semaphore up and down", get_semaphore, do_semaphore},
    {"System V message send and receive 64 B", get_queue, do_message},
    {"System V shared memory attach and detach", get_segment, do_attach},
    {"timer_settime and timer_gettime", make_timer, do_timer},
    {"timerfd_settime", open_timer, do_timerfd},
    {"setitimer", nothing, do_itimer},
    {"descriptor through a unix socket, and close", open_sockets, do_pass},
    {"UDP to itself, 1 B", open_udp, do_datagram},
    {"TCP connect, accept, close", listen_tcp, do_connect},
    {"TCP write and read 1 B", open_tcp, do_terminal},
    {"mmap of a file shared, touch, munmap 64 KiB", open_file, do_map_shared},
    {"vfork, execve and wait", nothing, do_execute},
    {"clone with shared memory, exit and wait", nothing, do_clone},
    {"list a directory of 100", fill_directory, do_list},
    {"rename, there and back", open_file, do_rename},
    {"create, close and unlink", enter_scratch, do_create},
    {"mkdir and rmdir", enter_scratch, do_directory},
    {"symlink, readlink and unlink", enter_scratch, do_link},
    {"setxattr and getxattr", open_file, do_attribute},
    {"record lock and unlock", open_file, do_lock},
    {"flock, there and back", open_file, do_flock},
    {"pwrite 1 B and fdatasync", open_file, do_sync},
    {"ftruncate to nothing and 64 KiB", open_file, do_truncate},
    {"sendfile 4 KiB to /dev/null", open_sendfile, do_sendfile},
    {"epoll_ctl add and remove", open_epoll, do_watch},
    {"raise and read from a signalfd", open_signals, do_signal},
    {"memfd_create and close", nothing, do_memory_file},
    {"read /proc/self/stat", nothing, do_process_file},
    {"getrusage", nothing, do_usage},
};

int main(int argc, char **argv) { return repeat(kinds, sizeof kinds / sizeof *kinds, argc, argv); }
