/* SA_RESETHAND: the handler runs once, then the default action holds. See
   sigaction(2). static-too */
#include "guest.h"

static volatile sig_atomic_t seen, during;

static void handler(int sig)
{
	struct sigaction now;
	sigaction(sig, NULL, &now);
	during = now.sa_handler == SIG_DFL;
	seen++;
}

static void twice(void)
{
	raise(SIGUSR1);
	printf("child: still here after the first\n");
	raise(SIGUSR1);
	printf("child: still here after the second\n");
}

int main(void)
{
	guest_on(SIGUSR1, handler, SA_RESETHAND);
	CHECK_KILLED("child raises it twice", guest_child(twice), SIGUSR1);
	raise(SIGUSR1);
	CHECK_EQ("handler calls", seen, 1);
	CHECK_EQ("reset already during the handler", during, 1);
	guest_on(SIGCHLD, handler, SA_RESETHAND);
	raise(SIGCHLD);
	raise(SIGCHLD);
	CHECK_EQ("the second meets the default, which ignores it", seen, 2);
	return guest_done();
}
