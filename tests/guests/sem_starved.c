/* A thread that gives a semaphore up only to take it again at once, with one
   call while it has it: another one gets it all the same. See sem_overview(7).
   static-too */
#include "guest.h"

static sem_t lock;
static int null;
static volatile int enough;

static void *greedy(void *arg)
{
	while (!enough) {
		sem_wait(&lock);
		MUST(write(null, "x", 1));
		sem_post(&lock);
	}
	return arg;
}

int main(void)
{
	MUST(sem_init(&lock, 0, 1));
	null = (int)MUST(open("/dev/null", O_WRONLY));
	pthread_t id = guest_thread(greedy, NULL);
	for (int i = 0; i < 3; i++) {
		guest_sleep_ms(1);
		CHECK_OK("taken", sem_wait(&lock));
		CHECK_OK("given", sem_post(&lock));
	}
	enough = 1;
	guest_join(id);
	return guest_done();
}
