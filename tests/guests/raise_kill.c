/* raise and kill: to oneself at once, signal 0, errors. See kill(2), raise(3). static-too */
#include "guest.h"

static volatile sig_atomic_t seen;

static void handler(int sig) { (void)sig, seen++; }

static void group(void)
{
	MUST(setpgid(0, 0));
	seen = 0;
	CHECK_OK("kill(0) reaches the own group", kill(0, SIGUSR1));
	CHECK_EQ("handler ran", seen, 1);
}

int main(void)
{
	guest_on(SIGUSR1, handler, 0);
	CHECK_OK("raise", raise(SIGUSR1));
	CHECK_EQ("handler ran", seen, 1);
	CHECK_OK("kill oneself", kill(getpid(), SIGUSR1));
	CHECK_EQ("handler ran before kill returned", seen, 2);
	CHECK_OK("signal 0", kill(getpid(), 0));
	CHECK_EQ("sends nothing", seen, 2);
	CHECK_EXIT("child", guest_child(group), 0);
	CHECK_ERR("bad signal", kill(getpid(), 65), EINVAL);
	CHECK_ERR("negative signal", kill(getpid(), -1), EINVAL);
	CHECK_ERR("nobody", kill(0x7ffffff0, SIGUSR1), ESRCH);
	CHECK_ERR("nobody's group", kill(-0x7ffffff0, SIGUSR1), ESRCH);
	CHECK_ERR("signal 0 to nobody", kill(0x7ffffff0, 0), ESRCH);
	CHECK("raise of a bad signal", raise(65) != 0);
	return guest_done();
}
