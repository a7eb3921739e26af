/* uname, gethostname: fields are there and agree. See uname(2). static-too */
#include "guest.h"
#include <sys/utsname.h>

int main(void)
{
	struct utsname u;
	char host[65];
	CHECK_OK("uname", uname(&u));
	CHECK_STR("sysname", u.sysname, "Linux");
	CHECK("nodename", u.nodename[0]);
	CHECK("release starts with a number", u.release[0] >= '1' && u.release[0] <= '9' && strchr(u.release, '.'));
	CHECK("version", u.version[0]);
	CHECK("machine", u.machine[0]);
	CHECK("domainname is a string", memchr(u.domainname, 0, sizeof u.domainname));
	CHECK_OK("gethostname", gethostname(host, sizeof host));
	CHECK("same as nodename", !strcmp(host, u.nodename));
	CHECK("sysctl agrees", !strncmp(guest_text("/proc/sys/kernel/osrelease"), u.release, strlen(u.release)));
	CHECK_ERR("bad address", uname(guest_bad), EFAULT);
	return guest_done();
}
