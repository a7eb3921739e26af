/* Asking for the execution domain changes nothing. See personality(2). static-too */
#include "guest.h"
#include <sys/personality.h>

int main(void)
{
	int now = personality(0xffffffff);
	CHECK("query", now != -1);
	CHECK("an ordinary Linux process", (now & 0xff) == PER_LINUX);
	CHECK("asking again tells the same", personality(0xffffffff) == now);
	pid_t pid = guest_fork();
	if (pid == 0)
		_exit(personality(0xffffffff) == now ? 0 : 1);
	CHECK_EXIT("inherited", guest_wait(pid), 0);
	return guest_done();
}
