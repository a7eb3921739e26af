/* Controlling terminals: sessions, foreground groups, signals from keys, the background, hanging up. See pty(7),
   tty_ioctl(4), credentials(7). */
#include "guest.h"
#include <termios.h>
#include <pty.h>

static volatile sig_atomic_t seen[65];
static void note(int s)
{
	seen[s]++;
}
static void handle(int s)
{
	struct sigaction a = { .sa_handler = note };
	MUST(sigaction(s, &a, NULL));
}
/* What was read, printed at the end: who prints first is not the question. */
static char lines[4096];
static void line(int master, const char *what)
{
	char buf[256];
	ssize_t n = 0, got;
	while (n < 255 && (got = read(master, buf + n, 1)) == 1)
		if (buf[n++] == '\n')
			break;
	buf[n < 0 ? 0 : n] = 0;
	buf[strcspn(buf, "\r\n")] = 0;
	sprintf(lines + strlen(lines), "%s: %s\n", what, buf);
}
static void leader(const char *name)
{
	int tty, n;
	CHECK_ERR("no terminal yet", open("/dev/tty", O_RDWR), ENXIO);
	MUST(setsid());
	CHECK_ERR("still none", open("/dev/tty", O_RDWR), ENXIO);
	int other = (int)MUST(open(name, O_RDWR | O_NOCTTY));
	CHECK_ERR("not with O_NOCTTY", open("/dev/tty", O_RDWR), ENXIO);
	tty = (int)MUST(open(name, O_RDWR));
	CHECK("opening takes it", (n = open("/dev/tty", O_RDWR)) >= 0);
	close(n);
	CHECK_OK("taken already", ioctl(tty, TIOCSCTTY, 0));
	CHECK_EQ("session", tcgetsid(tty) == getpid(), 1);
	CHECK_EQ("foreground", tcgetpgrp(tty) == getpid(), 1);
	CHECK_ERR("no such group", tcsetpgrp(tty, 30000), ESRCH);
	CHECK_ERR("not a number", tcsetpgrp(tty, -1), EINVAL);
	handle(SIGINT), handle(SIGQUIT), handle(SIGTSTP), handle(SIGWINCH), handle(SIGTTOU), handle(SIGTTIN);
	dprintf(tty, "ready\n");
	while (!seen[SIGINT] || !seen[SIGQUIT] || !seen[SIGTSTP] || !seen[SIGWINCH])
		usleep(1000);
	CHECK("signals from keys", 1);
	/* A child in the background. */
	fflush(stdout);
	pid_t child = fork();
	int status;
	if (child == 0) {
		setpgid(0, 0);
		signal(SIGTTIN, SIG_DFL), signal(SIGTTOU, SIG_DFL);
		char buf[16];
		dprintf(tty, "from the background\n");
		ssize_t got = read(tty, buf, sizeof buf);
		printf("read in the foreground: %zd\n", got);
		fflush(stdout);
		CHECK_OK("the background may not", tcsetpgrp(tty, getpgrp()));
		signal(SIGTTOU, SIG_IGN);
		CHECK_OK("unless it does not care", tcsetpgrp(tty, getppid()));
		signal(SIGTTIN, SIG_IGN);
		CHECK_ERR("reading is an error then", read(tty, buf, 1), EIO);
		fflush(stdout);
		_exit(7);
	}
	setpgid(child, child);
	MUST(waitpid(child, &status, WUNTRACED));
	CHECK("stopped", WIFSTOPPED(status));
	CHECK_EQ("by SIGTTIN", WSTOPSIG(status), SIGTTIN);
	MUST(tcsetpgrp(tty, child));
	MUST(kill(-child, SIGCONT));
	dprintf(other, "type\n");
	usleep(20000);
	signal(SIGTTOU, SIG_IGN);
	MUST(tcsetpgrp(tty, getpid()));
	MUST(waitpid(child, &status, WUNTRACED));
	if (WIFSTOPPED(status)) {
		CHECK_EQ("stopped again", WSTOPSIG(status), SIGTTOU);
		MUST(kill(-child, SIGCONT));
		MUST(waitpid(child, &status, 0));
	}
	CHECK("ended", WIFEXITED(status) && WEXITSTATUS(status) == 7);
	/* TOSTOP. */
	struct termios t;
	MUST(tcgetattr(tty, &t));
	t.c_lflag |= TOSTOP;
	MUST(tcsetattr(tty, TCSANOW, &t));
	fflush(stdout);
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_DFL);
		dprintf(tty, "never\n");
		_exit(0);
	}
	setpgid(child, child);
	MUST(waitpid(child, &status, WUNTRACED));
	CHECK("TOSTOP", WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
	MUST(kill(child, SIGKILL));
	MUST(waitpid(child, &status, 0));
	/* What is left behind in the session hears of the end of its leader. */
	int told[2];
	MUST(pipe(told));
	fflush(stdout);
	child = fork();
	if (child == 0) {
		handle(SIGHUP), handle(SIGCONT);
		char c = 'r';
		MUST(write(told[1], &c, 1));
		while (!seen[SIGHUP])
			usleep(1000);
		CHECK("SIGHUP of the foreground", 1);
		CHECK_ERR("no terminal any more", open("/dev/tty", O_RDWR), ENXIO);
		fflush(stdout);
		_exit(0);
	}
	char c;
	MUST(read(told[0], &c, 1));
	dprintf(tty, "bye\n");
	fflush(stdout);
	_exit(3);
}

int main(void)
{
	int master, slave, status;
	char name[64];
	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
	MUST(setsid() < 0 && errno != EPERM ? -1 : 0);
	MUST(openpty(&master, &slave, name, NULL, NULL));
	struct termios t;
	MUST(tcgetattr(slave, &t));
	t.c_lflag &= ~ECHO;
	MUST(tcsetattr(slave, TCSANOW, &t));
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		close(master), close(slave);
		leader(name);
	}
	line(master, "the leader says");
	MUST(write(master, "\003\034\032", 3));
	struct winsize w = { 10, 20, 0, 0 };
	MUST(ioctl(master, TIOCSWINSZ, &w));
	line(master, "the child says");
	line(master, "the leader says");
	MUST(write(master, "typed\n", 6));
	line(master, "the leader says");
	MUST(waitpid(child, &status, 0));
	int left = WEXITSTATUS(status);
	MUST(waitpid(-1, &status, 0));
	CHECK_EQ("the leader ended", left, 3);
	CHECK_ERR("nobody's terminal", tcgetpgrp(slave), ENOTTY);
	/* Hanging up. */
	fflush(stdout);
	child = fork();
	if (child == 0) {
		close(master);
		MUST(setsid());
		handle(SIGHUP);
		CHECK_OK("TIOCSCTTY", ioctl(slave, TIOCSCTTY, 0));
		MUST(write(slave, "r\n", 2));
		while (!seen[SIGHUP])
			usleep(1000);
		char c;
		CHECK_EQ("nothing to read", read(slave, &c, 1), 0);
		CHECK_ERR("nowhere to write", write(slave, &c, 1), EIO);
		CHECK_ERR("no terminal", open("/dev/tty", O_RDWR), ENXIO);
		fflush(stdout);
		_exit(0);
	}
	line(master, "the next says");
	close(master);
	MUST(waitpid(child, &status, 0));
	CHECK("ended by itself", WIFEXITED(status) && WEXITSTATUS(status) == 0);
	/* forkpty, and giving it up. */
	fflush(stdout);
	child = forkpty(&master, NULL, NULL, NULL);
	if (child == 0) {
		signal(SIGHUP, SIG_IGN);
		int n = open("/dev/tty", O_RDWR);
		printf("own %d\n", n >= 0);
		printf("TIOCNOTTY %d\n", ioctl(n, TIOCNOTTY));
		printf("none %d\n", open("/dev/tty", O_RDWR) < 0 && errno == ENXIO);
		fflush(stdout);
		_exit(0);
	}
	line(master, "forkpty");
	line(master, "forkpty");
	line(master, "forkpty");
	MUST(waitpid(child, &status, 0));
	CHECK("ended", WIFEXITED(status) && WEXITSTATUS(status) == 0);
	printf("%s", lines);
	return guest_failures != 0;
}
