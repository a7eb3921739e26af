/* SA_SIGINFO: who sent it and how: kill, tgkill, sigqueue, a child. See
   sigaction(2). static-too */
#include "guest.h"

static volatile sig_atomic_t seen;
static siginfo_t si;

static void handler(int sig, siginfo_t *info, void *context)
{
	si = *info;
	seen = context ? sig : -1;
}

static const char *code(void)
{
	return si.si_code == SI_USER ? "SI_USER" : si.si_code == SI_TKILL ? "SI_TKILL" :
	       si.si_code == SI_QUEUE ? "SI_QUEUE" : si.si_code == CLD_EXITED ? "CLD_EXITED" : "other";
}

int main(void)
{
	guest_on_info(SIGUSR1, handler, 0);
	guest_on_info(SIGCHLD, handler, 0);
	MUST(kill(getpid(), SIGUSR1));
	CHECK("kill", seen == SIGUSR1 && si.si_signo == SIGUSR1);
	CHECK_STR("si_code", code(), "SI_USER");
	CHECK("sender", si.si_pid == getpid() && si.si_uid == getuid());
	MUST(raise(SIGUSR1));
	CHECK_STR("raise", code(), "SI_TKILL");
	CHECK("sender", si.si_pid == getpid());
	MUST(sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 1234}));
	CHECK_STR("sigqueue", code(), "SI_QUEUE");
	CHECK_EQ("value", si.si_value.sival_int, 1234);
	CHECK("sender", si.si_pid == getpid() && si.si_uid == getuid());

	seen = 0;
	guest_block(SIGUSR1, SIGCHLD);
	sigset_t none, child_only = guest_set(SIGCHLD, 0);
	siginfo_t w;
	sigemptyset(&none);
	pid_t pid = guest_fork();
	if (pid == 0) {
		kill(getppid(), SIGUSR1);
		_exit(9);
	}
	MUST(waitid(P_PID, (id_t)pid, &w, WEXITED | WNOWAIT)); /* both are pending now */
	while (seen != SIGUSR1)
		sigsuspend(&child_only);
	CHECK_STR("from a child", code(), "SI_USER");
	CHECK("sender", si.si_pid == pid);
	while (seen != SIGCHLD)
		sigsuspend(&none);
	CHECK_STR("its end", code(), "CLD_EXITED");
	CHECK("child and status", si.si_pid == pid && si.si_status == 9);
	CHECK_EXIT("child", guest_wait(pid), 9);
	return guest_done();
}
