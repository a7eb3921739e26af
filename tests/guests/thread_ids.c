/* gettid, getpid and getppid in threads and children. See gettid(2), getpid(2). static-too */
#include "guest.h"

static pid_t parent;

static void *in_thread(void *arg)
{
	CHECK("same process id", getpid() == *(pid_t *)arg);
	CHECK("another thread id", syscall(SYS_gettid) != getpid());
	CHECK("same parent", getppid() == parent);
	return NULL;
}

static void in_child(void)
{
	CHECK("child: thread id is process id", syscall(SYS_gettid) == getpid());
	CHECK("child: parent", getppid() == parent);
	pid_t self = getpid();
	guest_join(guest_thread(in_thread, &self));
}

int main(void)
{
	pid_t self = getpid();
	CHECK("main thread id is process id", syscall(SYS_gettid) == self);
	CHECK("system call and library agree", syscall(SYS_getpid) == self);
	parent = getppid();
	guest_join(guest_thread(in_thread, &self));
	parent = self;
	CHECK_EXIT("child", guest_child(in_child), 0);
	return guest_done();
}
