/* sysconf values that programs rely on. See sysconf(3). static-too */
#include "guest.h"

int main(void)
{
	CHECK_EQ("_SC_PAGESIZE", sysconf(_SC_PAGESIZE), 4096);
	CHECK_EQ("getpagesize", getpagesize(), 4096);
	CHECK_EQ("_SC_CLK_TCK", sysconf(_SC_CLK_TCK), 100);
	long online = sysconf(_SC_NPROCESSORS_ONLN), all = sysconf(_SC_NPROCESSORS_CONF);
	CHECK("processors online", online > 0);
	CHECK("not more than there are", online <= all);
	struct rlimit r;
	MUST(getrlimit(RLIMIT_NOFILE, &r));
	CHECK("_SC_OPEN_MAX is the limit", sysconf(_SC_OPEN_MAX) == (long)r.rlim_cur);
	CHECK("_SC_PHYS_PAGES", sysconf(_SC_PHYS_PAGES) > 0);
	CHECK("_SC_AVPHYS_PAGES", sysconf(_SC_AVPHYS_PAGES) > 0);
	CHECK("_SC_ARG_MAX", sysconf(_SC_ARG_MAX) >= 131072);
	CHECK_EQ("_SC_IOV_MAX", sysconf(_SC_IOV_MAX), 1024);
	CHECK_EQ("_SC_HOST_NAME_MAX", sysconf(_SC_HOST_NAME_MAX), 64);
	CHECK("_SC_MONOTONIC_CLOCK", sysconf(_SC_MONOTONIC_CLOCK) > 0);
	CHECK_ERR("unknown name", sysconf(99999), EINVAL);
	CHECK_EQ("pathconf NAME_MAX", pathconf("/tmp", _PC_NAME_MAX), 255);
	CHECK_EQ("pathconf PIPE_BUF", pathconf("/tmp", _PC_PIPE_BUF), 4096);
	return guest_done();
}
