/* Handlers on an alternate stack: where they run, state, errors. See
   sigaltstack(2). static-too */
#include "guest.h"

static char stack[65536];
static volatile int inside, flags_on_stack, change_errno;

static void handler(int sig)
{
	volatile char here = 0;
	stack_t now, other = {.ss_sp = stack, .ss_size = sizeof stack};
	(void)sig;
	inside = (char *)&here >= stack && (char *)&here < stack + sizeof stack;
	sigaltstack(NULL, &now);
	flags_on_stack = now.ss_flags;
	change_errno = sigaltstack(&other, NULL) == -1 ? errno : 0;
}

static int on_main_stack(void)
{
	inside = -1;
	raise(SIGUSR1);
	return inside == 0;
}

int main(void)
{
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof stack}, old;
	CHECK_OK("ask", sigaltstack(NULL, &old));
	CHECK("none at first", old.ss_flags == SS_DISABLE);
	guest_on(SIGUSR1, handler, SA_ONSTACK);
	CHECK("SA_ONSTACK without a stack", on_main_stack());
	CHECK_OK("set", sigaltstack(&ss, &old));
	MUST(sigaltstack(NULL, &old));
	CHECK("read back", old.ss_sp == stack && old.ss_size == sizeof stack && old.ss_flags == 0);
	raise(SIGUSR1);
	CHECK_EQ("handler on it", inside, 1);
	CHECK("SS_ONSTACK there", flags_on_stack == SS_ONSTACK);
	CHECK_RC("changing it there", change_errno, EPERM);
	guest_on(SIGUSR1, handler, 0);
	CHECK("without SA_ONSTACK", on_main_stack());
	pid_t pid = guest_fork();
	if (pid == 0) {
		sigaltstack(NULL, &old);
		_exit(old.ss_sp == stack ? 0 : 1);
	}
	CHECK_EXIT("inherited over fork", guest_wait(pid), 0);
	ss.ss_size = 100;
	CHECK_ERR("too small", sigaltstack(&ss, NULL), ENOMEM);
	ss.ss_size = sizeof stack, ss.ss_flags = 0x40;
	CHECK_ERR("unknown flags", sigaltstack(&ss, NULL), EINVAL);
	ss.ss_flags = SS_DISABLE;
	CHECK_OK("disable", sigaltstack(&ss, NULL));
	guest_on(SIGUSR1, handler, SA_ONSTACK);
	CHECK("disabled", on_main_stack());
	return guest_done();
}
