/* User and group ids agree with each other; setting them to what they are. See
   getuid(2), getresuid(2), getgroups(2). static-too */
#include "guest.h"
#include <sys/fsuid.h>

int main(void)
{
	uid_t r, e, s;
	gid_t rg, eg, sg, groups[256];
	CHECK_OK("getresuid", getresuid(&r, &e, &s));
	CHECK("real", r == getuid());
	CHECK("effective", e == geteuid());
	CHECK("saved", s == e);
	CHECK_OK("getresgid", getresgid(&rg, &eg, &sg));
	CHECK("real", rg == getgid());
	CHECK("effective", eg == getegid());
	CHECK("saved", sg == eg);
	CHECK_OK("setuid to the same", setuid(getuid()));
	CHECK_OK("setgid to the same", setgid(getgid()));
	CHECK_OK("setresuid of nothing", setresuid((uid_t)-1, (uid_t)-1, (uid_t)-1));
	CHECK_OK("setreuid to the same", setreuid(getuid(), geteuid()));
	CHECK_ERR("setuid of -1", setuid((uid_t)-1), EINVAL);
	CHECK("file-system user", (uid_t)setfsuid((uid_t)-1) == geteuid());
	int n = getgroups(0, NULL);
	CHECK("getgroups counts", n >= 0);
	CHECK("getgroups lists as many", n > 256 || getgroups(256, groups) == n);
	CHECK_ERR("getgroups, negative size", syscall(SYS_getgroups, -1, groups), EINVAL);
	pid_t pid = guest_fork();
	if (pid == 0)
		_exit(getuid() == r && geteuid() == e && getgid() == rg && getegid() == eg ? 0 : 1);
	CHECK_EXIT("inherited", guest_wait(pid), 0);
	return guest_done();
}
