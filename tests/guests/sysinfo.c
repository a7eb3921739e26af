/* sysinfo: values are there and fit together. See sysinfo(2). static-too */
#include "guest.h"
#include <sys/sysinfo.h>

int main(void)
{
	struct sysinfo a, b;
	CHECK_OK("sysinfo", sysinfo(&a));
	CHECK("total memory", a.totalram > 0);
	CHECK("free is not above total", a.freeram <= a.totalram);
	CHECK("memory unit", a.mem_unit >= 1);
	CHECK("swap", a.freeswap <= a.totalswap);
	CHECK("processes", a.procs >= 1);
	CHECK("uptime", a.uptime >= 0);
	guest_sleep_ms(2);
	CHECK_OK("again", sysinfo(&b));
	CHECK("uptime goes on", b.uptime >= a.uptime);
	CHECK("total memory is the same", b.totalram == a.totalram);
	CHECK("get_nprocs", get_nprocs() > 0);
	CHECK_ERR("bad address", sysinfo(guest_bad), EFAULT);
	return guest_done();
}
