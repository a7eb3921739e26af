/* Reading a pipe gives 0 once every write end is closed, in every process.
   See pipe(7). static-too */
#include "guest.h"

int main(void)
{
	int p[2];
	char text[8] = "", c;
	MUST(pipe(p));
	int dupe = (int)MUST(dup(p[1]));
	MUST(write(p[1], "last", 4));
	MUST(close(p[1]));
	MUST(close(dupe));
	CHECK_EQ("what was written before", read(p[0], text, sizeof text), 4);
	CHECK_STR("contents", text, "last");
	CHECK_EQ("end", read(p[0], text, sizeof text), 0);
	CHECK_EQ("end again", read(p[0], text, sizeof text), 0);
	CHECK_EQ("poll says hang-up", guest_poll(p[0], POLLIN, -1), POLLHUP);
	MUST(close(p[0]));

	MUST(pipe(p));
	pid_t pid = guest_fork();
	if (pid == 0) {
		MUST(close(p[0]));
		guest_sleep_ms(10);
		guest_write(p[1], "a", 1);
		guest_sleep_ms(10);
		_exit(0); /* closes the last write end */
	}
	MUST(close(p[1]));
	CHECK_EQ("blocks for a byte", read(p[0], &c, 1), 1);
	CHECK_EQ("blocks for the end", read(p[0], &c, 1), 0);
	CHECK_EXIT("writer", guest_wait(pid), 0);
	return guest_done();
}
