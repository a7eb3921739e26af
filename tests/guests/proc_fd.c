/* /proc/self/fd: one link per open descriptor, opening through it. See proc(5). static-too */
#include "guest.h"

static char target[PATH_MAX];

static const char *link_of(int fd)
{
	char path[40];
	sprintf(path, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(path, target, sizeof target - 1);
	if (n == -1)
		return guest_errno_name(errno);
	target[n] = 0;
	return target;
}

static int listed(int fd)
{
	DIR *d = opendir("/proc/self/fd");
	int found = 0;
	for (struct dirent *e; (e = readdir(d));)
		found += e->d_name[0] != '.' && atoi(e->d_name) == fd;
	closedir(d);
	return found;
}

int main(void)
{
	int p[2], s = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0)), e = (int)MUST(eventfd(0, 0));
	char path[100], text[8] = "";
	guest_tmp();
	guest_file("f", "text");
	int fd = (int)MUST(open("f", O_RDONLY)), dir = (int)MUST(open(".", O_RDONLY));
	MUST(pipe(p));
	snprintf(path, sizeof path, "%s/f", guest_dir);
	CHECK("file", !strcmp(link_of(fd), path));
	CHECK("directory", !strcmp(link_of(dir), guest_dir));
	CHECK("pipe", !strncmp(link_of(p[0]), "pipe:[", 6));
	CHECK("socket", !strncmp(link_of(s), "socket:[", 8));
	CHECK_STR("eventfd", link_of(e), "anon_inode:[eventfd]");
	CHECK_STR("epoll", link_of((int)MUST(epoll_create1(0))), "anon_inode:[eventpoll]");
	CHECK_STR("device", link_of((int)MUST(open("/dev/null", O_RDWR))), "/dev/null");
	CHECK_EQ("listed", listed(fd) + listed(p[1]) + listed(s), 3);
	sprintf(path, "/proc/self/fd/%d", fd);
	int again = (int)CHECK_OK("open through it", open(path, O_RDONLY));
	CHECK_EQ("own offset", read(again, text, 4), 4);
	CHECK_EQ("the first one's is unchanged", lseek(fd, 0, SEEK_CUR), 0);
	MUST(unlink("f"));
	CHECK("removed file", strstr(link_of(fd), "/f (deleted)"));
	CHECK_OK("still opens", open(path, O_RDONLY));
	sprintf(path, "/proc/self/fd/%d", p[1]);
	int w = (int)CHECK_OK("open the pipe again", open(path, O_WRONLY));
	CHECK_EQ("write", write(w, "x", 1), 1);
	CHECK_EQ("read", read(p[0], text, 4), 1);
	sprintf(path, "/proc/self/fd/%d", s);
	CHECK_ERR("a socket cannot be opened", open(path, O_RDWR), ENXIO);
	MUST(dup2(s, 200));
	CHECK_EQ("a duplicate is listed", listed(200), 1);
	MUST(close(200));
	CHECK_STR("closed", link_of(200), "ENOENT");
	CHECK_EQ("not listed", listed(200), 0);
	MUST(lseek(fd, 3, SEEK_SET));
	sprintf(path, "/proc/self/fdinfo/%d", fd);
	CHECK("fdinfo has the offset", !strncmp(guest_text(path), "pos:\t3\n", 7));
	CHECK_OK("/dev/fd", stat("/dev/fd/1", &(struct stat){0}));
	return guest_done();
}
