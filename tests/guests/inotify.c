/* Watches on files and directories: every event with its name and cookie, what is dropped and what ends a watch,
   masks, errors, readiness. See inotify(7). static-too */
#include "guest.h"
#include <sys/inotify.h>

static int in;

static void show(const char *what)
{
	static const struct { unsigned bit; const char *name; } bits[] = {
		{ IN_ACCESS, "ACCESS" }, { IN_MODIFY, "MODIFY" }, { IN_ATTRIB, "ATTRIB" }, { IN_CLOSE_WRITE, "CLOSE_WRITE" },
		{ IN_CLOSE_NOWRITE, "CLOSE_NOWRITE" }, { IN_OPEN, "OPEN" }, { IN_MOVED_FROM, "MOVED_FROM" },
		{ IN_MOVED_TO, "MOVED_TO" }, { IN_CREATE, "CREATE" }, { IN_DELETE, "DELETE" }, { IN_DELETE_SELF, "DELETE_SELF" },
		{ IN_MOVE_SELF, "MOVE_SELF" }, { IN_Q_OVERFLOW, "Q_OVERFLOW" }, { IN_IGNORED, "IGNORED" }, { IN_ISDIR, "ISDIR" },
	};
	static unsigned cookie;
	char buf[65536] __attribute__((aligned(8)));
	ssize_t n = read(in, buf, sizeof buf);
	printf("%s:", what);
	if (n < 0)
		printf(" %s", guest_errno_name(errno));
	for (char *p = buf; n > 0 && p < buf + n;) {
		struct inotify_event *e = (void *)p;
		printf(" %d", e->wd);
		for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
			if (e->mask & bits[i].bit)
				printf(" %s", bits[i].name);
		if (e->cookie)
			printf(" %s cookie", e->cookie == cookie ? "same" : "new");
		cookie = e->cookie;
		if (e->len)
			printf(" \"%s\" in %u", e->name, e->len);
		printf(";");
		p += sizeof *e + e->len;
	}
	printf("\n");
}

int main(void)
{
	char buf[4096];
	int fd, n;
	guest_tmp();
	in = (int)MUST(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
	CHECK_ERR("unknown flag", inotify_init1(1 << 30), EINVAL);
	CHECK_ERR("nothing asked", inotify_add_watch(in, ".", 0), EINVAL);
	CHECK_ERR("not an instance", inotify_add_watch(0, ".", IN_OPEN), EINVAL);
	CHECK_ERR("not there", inotify_add_watch(in, "none", IN_OPEN), ENOENT);
	MUST(mkdir("d", 0755));
	MUST(mkdir("e", 0755));
	CHECK_EQ("watch", inotify_add_watch(in, "d", IN_ALL_EVENTS), 1);
	CHECK_EQ("the same again", inotify_add_watch(in, "d", IN_ALL_EVENTS), 1);
	CHECK_ERR("IN_MASK_CREATE", inotify_add_watch(in, "d", IN_ALL_EVENTS | IN_MASK_CREATE), EEXIST);
	show("nothing yet");
	fd = (int)MUST(open("d/f", O_CREAT | O_RDWR, 0644));
	show("create");
	MUST(write(fd, "hello", 5));
	MUST(write(fd, "hello", 5));
	show("write twice");
	MUST(write(fd, "", 0));
	MUST(pread(fd, buf, 3, 0));
	MUST(pread(fd, buf, 3, 100));
	show("read");
	MUST(ftruncate(fd, 3));
	show("ftruncate");
	MUST(fchmod(fd, 0600));
	show("fchmod");
	close(dup(fd));
	show("a duplicate closed");
	close(fd);
	show("close");
	close((int)MUST(open("d/f", O_RDONLY)));
	show("open and close");
	close((int)MUST(open("d/f", O_WRONLY | O_TRUNC)));
	show("truncating");
	close((int)MUST(open("d/f", O_PATH)));
	show("O_PATH");
	MUST(utimensat(AT_FDCWD, "d/f", NULL, 0));
	MUST(utimensat(AT_FDCWD, "d/f", (struct timespec[]){ { 0, UTIME_OMIT }, { 1, 0 } }, 0));
	MUST(utimensat(AT_FDCWD, "d/f", (struct timespec[]){ { 1, 0 }, { 0, UTIME_OMIT } }, 0));
	MUST(utimensat(AT_FDCWD, "d/f", (struct timespec[]){ { 1, UTIME_OMIT }, { 0, UTIME_OMIT } }, 0));
	show("times");
	MUST(truncate("d/f", 10));
	show("truncate");
	MUST(mkdir("d/sub", 0755));
	show("mkdir");
	MUST(chmod("d/sub", 0700));
	show("chmod of a directory");
	fd = (int)MUST(open("d/sub", O_RDONLY | O_DIRECTORY));
	MUST(syscall(SYS_getdents64, fd, buf, sizeof buf));
	close(fd);
	show("listing");
	MUST(rmdir("d/sub"));
	show("rmdir");
	MUST(symlink("f", "d/l"));
	MUST(link("d/f", "d/h"));
	MUST(mkfifo("d/p", 0644));
	show("links and a pipe");
	fd = (int)MUST(open("d/p", O_RDWR));
	close(fd);
	show("the pipe opened");
	MUST(rename("d/h", "d/i"));
	show("rename");
	MUST(rename("d/i", "d/f"));
	show("rename onto the same file");
	MUST(rename("d/i", "e/i"));
	show("away");
	MUST(rename("e/i", "d/k"));
	show("and in");
	MUST(unlink("d/k"));
	close(creat("d/k", 0644));
	show("made anew");
	MUST(rename("d/k", "d/l"));
	show("onto another");
	MUST(unlink("d/p"));
	show("unlink");
	CHECK_EQ("a watch on a file", inotify_add_watch(in, "d/f", IN_ALL_EVENTS), 2);
	MUST(chmod("d/f", 0644));
	show("of both");
	MUST(rename("d/f", "d/g"));
	show("renamed");
	MUST(link("d/g", "e/g"));
	show("another name");
	MUST(unlink("e/g"));
	show("that name gone");
	fd = (int)MUST(open("d/g", O_WRONLY));
	MUST(unlink("d/g"));
	show("the last name gone, but open");
	MUST(write(fd, "x", 1));
	close(fd);
	show("closed at last");
	CHECK_ERR("the watch is gone", inotify_rm_watch(in, 2), EINVAL);
	CHECK_EQ("watch", inotify_add_watch(in, "d/l", IN_CLOSE | IN_ONESHOT), 3);
	close((int)MUST(open("d/l", O_RDONLY)));
	close((int)MUST(open("d/l", O_RDONLY)));
	show("one shot");
	CHECK_EQ("narrowed", inotify_add_watch(in, "d", IN_CREATE), 1);
	CHECK_EQ("widened", inotify_add_watch(in, "d", IN_DELETE | IN_MASK_ADD), 1);
	close(creat("d/n", 0644));
	MUST(chmod("d/n", 0600));
	MUST(unlink("d/n"));
	show("only these");
	CHECK_ERR("IN_ONLYDIR", inotify_add_watch(in, "d/l", IN_OPEN | IN_ONLYDIR), ENOTDIR);
	MUST(symlink("none", "dangling"));
	CHECK_ERR("a link to nothing", inotify_add_watch(in, "dangling", IN_OPEN), ENOENT);
	CHECK_EQ("the link itself", inotify_add_watch(in, "dangling", IN_ATTRIB | IN_DELETE_SELF | IN_DONT_FOLLOW), 4);
	MUST(unlink("dangling"));
	show("of a link");
	CHECK_EQ("IN_EXCL_UNLINK", inotify_add_watch(in, "d", IN_ALL_EVENTS | IN_EXCL_UNLINK), 1);
	fd = (int)MUST(open("d/x", O_CREAT | O_RDWR, 0644));
	MUST(unlink("d/x"));
	MUST(write(fd, "x", 1));
	close(fd);
	show("nothing of what is unlinked");
	struct pollfd p = { .fd = in, .events = POLLIN };
	CHECK_EQ("poll", poll(&p, 1, 0), 0);
	close(creat("d/a", 0644));
	CHECK_EQ("poll", poll(&p, 1, 0), 1);
	CHECK_OK("FIONREAD", ioctl(in, FIONREAD, &n));
	CHECK_EQ("three events", n, 96);
	CHECK_ERR("too small", read(in, buf, 16), EINVAL);
	CHECK_EQ("one fits", read(in, buf, 40), 32);
	int ep = (int)MUST(epoll_create1(0));
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	MUST(epoll_ctl(ep, EPOLL_CTL_ADD, in, &ev));
	CHECK_EQ("edge", epoll_wait(ep, &ev, 1, 0), 1);
	CHECK_EQ("no edge", epoll_wait(ep, &ev, 1, 0), 0);
	MUST(chmod("d/a", 0600));
	CHECK_EQ("edge again", epoll_wait(ep, &ev, 1, 0), 1);
	show("the rest");
	for (int i = 0; i < 9000; i++) {
		close(open("d/a", O_RDONLY));
	}
	CHECK_OK("a full queue", ioctl(in, FIONREAD, &n));
	CHECK_EQ("of events", n, 16384 * 32 + 16);
	while ((n = (int)read(in, buf, sizeof buf)) > 0) {
		struct inotify_event *e = (void *)(buf + n - 16);
		if (n % 32)
			printf("the last: %d %x\n", e->wd, e->mask);
	}
	CHECK_OK("rm_watch", inotify_rm_watch(in, 1));
	show("removed");
	CHECK_ERR("again", inotify_rm_watch(in, 1), EINVAL);
	MUST(inotify_add_watch(in, "e", IN_ALL_EVENTS));
	MUST(rename("e", "d/e"));
	show("a directory moved");
	MUST(rmdir("d/e"));
	show("a directory removed");
	MUST(fcntl(in, F_SETFL, 0));
	MUST(inotify_add_watch(in, "d", IN_MOVE));
	pid_t child = fork();
	if (child == 0) {
		usleep(2000);
		syscall(SYS_renameat2, AT_FDCWD, "d/a", AT_FDCWD, "d/l", 2);
		_exit(0);
	}
	show("exchange, waited for");
	MUST(waitpid(child, NULL, 0));
	return guest_failures != 0;
}
