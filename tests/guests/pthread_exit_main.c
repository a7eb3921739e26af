/* When main ends by pthread_exit the other threads go on, and the process ends
   with the last of them, code 0. See pthread_exit(3). */
#include "guest.h"

static pthread_t main_thread;

static void *after_main(void *arg)
{
	void *result;
	CHECK_RC("join main", pthread_join(main_thread, &result), 0);
	CHECK("main's result", result == arg);
	CHECK("the process id stays", getpid() != (pid_t)syscall(SYS_gettid));
	if (guest_failures)
		exit(1);
	puts("last thread ends");
	return NULL;
}

int main(void)
{
	main_thread = pthread_self();
	guest_thread(after_main, &main_thread);
	puts("main ends");
	pthread_exit(&main_thread);
}
