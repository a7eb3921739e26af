/* exit runs atexit handlers in reverse order and flushes stdio; _exit does
   neither. See atexit(3), _exit(2). static-too */
#define GUEST_BARE
#include "guest.h"

static void first(void) { printf("[first]"); }
static void second(void) { printf("[second]"); }

static void collect(const char *name, void (*end)(int), const char *want)
{
	char text[64];
	int p[2];
	MUST(pipe(p));
	pid_t pid = guest_fork();
	if (pid == 0) {
		MUST(dup2(p[1], 1));
		atexit(first);
		atexit(second);
		printf("[buffered]");
		end(0);
	}
	MUST(close(p[1]));
	text[guest_read(p[0], text, sizeof text - 1)] = 0;
	MUST(close(p[0]));
	CHECK_EXIT("child", guest_wait(pid), 0);
	CHECK_STR(name, text, want);
}

int main(void)
{
	collect("exit", exit, "[buffered][second][first]");
	collect("_exit", _exit, "");
	collect("quick_exit", quick_exit, "");
	return guest_done();
}
