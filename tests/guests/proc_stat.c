/* /proc/self/stat and statm: the fields programs read. See proc(5). static-too */
#include "guest.h"

int main(void)
{
	char name[64], state;
	int pid, ppid, pgrp, session;
	long pages[7];
	MUST(prctl(PR_SET_NAME, "odd ) name", 0, 0, 0));
	const char *text = guest_text("/proc/self/stat");
	const char *close = strrchr(text, ')');
	CHECK("starts with the process id", sscanf(text, "%d (%40[^)]", &pid, name) == 2 && pid == getpid());
	CHECK("the name may hold a bracket", close && !strncmp(text + strcspn(text, "("), "(odd ) name)", 12));
	CHECK_EQ("fields after it", sscanf(close + 1, " %c %d %d %d", &state, &ppid, &pgrp, &session), 4);
	CHECK("state", state == 'R');
	CHECK("parent, group, session", ppid == getppid() && pgrp == getpgrp() && session == getsid(0));
	int fields = 2;
	for (const char *p = close; (p = strchr(p + 1, ' '));)
		fields++;
	CHECK("at least 44 fields", fields >= 44);
	CHECK_EQ("numbers in statm", sscanf(guest_text("/proc/self/statm"), "%ld %ld %ld %ld %ld %ld %ld",
		 &pages[0], &pages[1], &pages[2], &pages[3], &pages[4], &pages[5], &pages[6]), 7);
	CHECK("size is not below resident", pages[0] >= pages[1] && pages[1] > 0);
	return guest_done();
}
