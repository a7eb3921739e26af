/* A pseudo-terminal's line discipline: echo, editing, end of file, raw mode, output modes. See termios(3), pty(7).
   static-too */
#include "guest.h"
#include <termios.h>
#include <pty.h>

static int master, slave;

static void show(const char *what, int fd)
{
	char buf[512];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	printf("%s:", what);
	if (poll(&p, 1, 50) > 0 && p.revents & POLLIN) {
		ssize_t n = read(fd, buf, sizeof buf);
		for (ssize_t i = 0; i < n; i++)
			printf(buf[i] >= 32 && buf[i] < 127 ? " %c" : " %02x", (unsigned char)buf[i]);
		printf(" (%zd)", n);
	} else
		printf(" nothing");
	printf("\n");
}
static void type(const char *text)
{
	MUST(write(master, text, strlen(text)));
}
static void both(const char *what, const char *text)
{
	type(text);
	show(what, slave);
	show("  echo", master);
}

int main(void)
{
	struct termios t, back;
	struct winsize w = { 24, 80, 1, 2 }, got;
	char name[64];
	master = (int)MUST(posix_openpt(O_RDWR | O_NOCTTY));
	CHECK_ERR("locked", open(ptsname(master), O_RDWR | O_NOCTTY), EIO);
	CHECK_OK("grant", grantpt(master));
	CHECK_OK("unlock", unlockpt(master));
	CHECK("name", strncmp(ptsname(master), "/dev/pts/", 9) == 0);
	slave = (int)MUST(open(ptsname(master), O_RDWR | O_NOCTTY));
	CHECK("both are terminals", isatty(master) && isatty(slave));
	CHECK_OK("ttyname", ttyname_r(slave, name, sizeof name));
	CHECK("it is the same", strcmp(name, ptsname(master)) == 0);
	struct stat st;
	MUST(fstat(slave, &st));
	CHECK("a character device", S_ISCHR(st.st_mode));
	CHECK_EQ("major", st.st_rdev >> 8, 136);
	MUST(tcgetattr(slave, &t));
	printf("modes %x %x %x %x\n", t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag);
	for (int i = 0; i < 17; i++)
		printf("%02x%s", t.c_cc[i], i == 16 ? "\n" : " ");
	CHECK_EQ("speed", cfgetospeed(&t), B38400);
	both("line", "hello\r");
	both("erase", "ab\177c\n");
	both("erase all of nothing", "\177\177x\n");
	both("kill", "abc\025d\n");
	both("word", "one two\027three\n");
	both("tab", "a\tb\177\177c\n");
	both("control", "\001\002\n");
	both("erase control", "\001\177z\n");
	both("literal", "\026\003\n");
	both("reprint", "abc\022d\n");
	both("part of a line", "partial");
	both("end of file pushes it", "\004");
	both("end of file", "\004");
	both("two lines", "1\n2\n");
	show("  the second", slave);
	both("stop", "\023x\n");
	CHECK_EQ("written while stopped", write(slave, "", 0), 0);
	both("start", "\021");
	MUST(write(slave, "a\nb\tc\r", 6));
	show("output", master);
	back = t;
	t.c_oflag &= ~OPOST;
	MUST(tcsetattr(slave, TCSANOW, &t));
	MUST(write(slave, "a\nb", 3));
	show("output as it is", master);
	t = back;
	t.c_lflag &= ~(ECHO | ICANON);
	t.c_cc[VMIN] = 3, t.c_cc[VTIME] = 0;
	MUST(tcsetattr(slave, TCSADRAIN, &t));
	both("fewer than VMIN", "ab");
	both("VMIN", "c");
	t.c_cc[VMIN] = 0, t.c_cc[VTIME] = 1;
	MUST(tcsetattr(slave, TCSANOW, &t));
	CHECK_EQ("VTIME passes", read(slave, name, 8), 0);
	type("q");
	CHECK_EQ("VTIME does not", read(slave, name, 8), 1);
	cfmakeraw(&t);
	MUST(tcsetattr(slave, TCSAFLUSH, &t));
	both("raw", "\003\r\n\004\177");
	type("left over");
	MUST(poll(&(struct pollfd){ .fd = slave, .events = POLLIN }, 1, -1));
	MUST(tcsetattr(slave, TCSANOW, &back));
	show("a line once lines are wanted", slave);
	type("gone\n");
	MUST(poll(&(struct pollfd){ .fd = slave, .events = POLLIN }, 1, -1));
	MUST(tcflush(slave, TCIFLUSH));
	show("flushed", slave);
	show("  echo", master);
	back.c_lflag &= ~ECHO;
	back.c_lflag |= ECHONL;
	back.c_iflag |= INLCR | IGNCR;
	MUST(tcsetattr(master, TCSANOW, &back));
	both("no CR, NL is CR", "a\rb\n\004");
	CHECK_OK("size", ioctl(master, TIOCSWINSZ, &w));
	CHECK_OK("size of the other", ioctl(slave, TIOCGWINSZ, &got));
	CHECK("the same", memcmp(&w, &got, sizeof w) == 0);
	int n = 0;
	type("abc\004");
	MUST(poll(&(struct pollfd){ .fd = slave, .events = POLLIN }, 1, -1));
	CHECK_OK("FIONREAD", ioctl(slave, FIONREAD, &n));
	CHECK_OK("nonblocking", fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK));
	show("left", slave);
	CHECK_ERR("nothing", read(slave, name, 8), EAGAIN);
	CHECK_ERR("no sessions", tcgetpgrp(slave), ENOTTY);
	CHECK_ERR("not of slaves", ioctl(slave, TIOCSPTLCK, &n), ENOTTY);
	CHECK_ERR("a pipe is none", (pipe((int[2]){ 0 }), ioctl(0, TCGETS, &t)), ENOTTY);
	struct pollfd p = { .fd = master, .events = POLLIN | POLLOUT };
	close(slave);
	CHECK_EQ("poll", poll(&p, 1, 0), 1);
	printf("master without slave: %x\n", p.revents & (POLLIN | POLLOUT | POLLHUP));
	CHECK_ERR("read of the master", read(master, name, 8), EIO);
	slave = (int)MUST(open(ptsname(master), O_RDWR | O_NOCTTY));
	MUST(write(slave, "again", 5));
	show("again", master);
	close(master);
	p.fd = slave;
	CHECK_EQ("poll", poll(&p, 1, 0), 1);
	printf("slave without master: %x\n", p.revents);
	CHECK_EQ("read of the slave", read(slave, name, 8), 0);
	CHECK_ERR("write to the slave", write(slave, "x", 1), EIO);
	CHECK_ERR("ask it", tcgetattr(slave, &t), EIO);
	CHECK_OK("openpty", openpty(&master, &slave, name, &back, &w));
	MUST(tcgetattr(slave, &t));
	CHECK("with these settings", t.c_lflag == back.c_lflag && t.c_iflag == back.c_iflag);
	return guest_failures != 0;
}
