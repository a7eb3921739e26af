/* Thread names: PR_SET_NAME, pthread_setname_np, /proc/self/comm. See
   prctl(2), pthread_setname_np(3), proc(5). static-too */
#include "guest.h"

static const char *comm(void)
{
	static char text[32];
	strcpy(text, guest_text("/proc/thread-self/comm"));
	text[strcspn(text, "\n")] = 0;
	return text;
}

static void *work(void *arg)
{
	char name[16] = "";
	MUST(prctl(PR_GET_NAME, name, 0, 0, 0));
	CHECK_STR("a thread inherits the name", name, "short");
	CHECK_RC("pthread_setname_np", pthread_setname_np(pthread_self(), "worker"), 0);
	CHECK_STR("the thread's comm", comm(), "worker");
	return arg;
}

int main(void)
{
	char name[16] = "";
	CHECK_OK("PR_SET_NAME", prctl(PR_SET_NAME, "a name that is far too long", 0, 0, 0));
	MUST(prctl(PR_GET_NAME, name, 0, 0, 0));
	CHECK_STR("cut to fifteen", name, "a name that is ");
	CHECK_STR("comm", comm(), "a name that is ");
	MUST(prctl(PR_SET_NAME, "short", 0, 0, 0));
	guest_join(guest_thread(work, NULL));
	CHECK_STR("main keeps its own", comm(), "short");
	CHECK_RC("sixteen are too many", pthread_setname_np(pthread_self(), "sixteen letters."), ERANGE);
	int fd = (int)MUST(open("/proc/self/comm", O_WRONLY));
	CHECK_EQ("writing comm", write(fd, "written", 7), 7);
	MUST(prctl(PR_GET_NAME, name, 0, 0, 0));
	CHECK_STR("name", name, "written");
	CHECK("status has it", !strncmp(guest_text("/proc/self/status"), "Name:\twritten\n", 14));
	CHECK_EQ("PR_GET_DUMPABLE", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
	CHECK_OK("PR_SET_DUMPABLE", prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	CHECK_EQ("PR_GET_DUMPABLE", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
	CHECK_ERR("PR_SET_DUMPABLE 2", prctl(PR_SET_DUMPABLE, 2, 0, 0, 0), EINVAL);
	CHECK_OK("PR_SET_NO_NEW_PRIVS", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK_EQ("PR_GET_NO_NEW_PRIVS", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	CHECK_ERR("unknown option", prctl(9999, 0, 0, 0, 0), EINVAL);
	CHECK_ERR("bad address", prctl(PR_SET_NAME, guest_bad, 0, 0, 0), EFAULT);
	return guest_done();
}
