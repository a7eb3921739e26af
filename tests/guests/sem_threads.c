/* Semaphores between threads: counting, trywait, time-out, overflow. See
   sem_overview(7), sem_wait(3), sem_post(3). static-too */
#include "guest.h"

static sem_t ping, pong;
static int value;

static void *partner(void *arg)
{
	for (int i = 0; i < 100; i++) {
		sem_wait(&ping);
		value++;
		sem_post(&pong);
	}
	return arg;
}

int main(void)
{
	sem_t s;
	int n, wrong = 0;
	CHECK_OK("init", sem_init(&s, 0, 2));
	CHECK_OK("wait", sem_wait(&s));
	CHECK_OK("trywait", sem_trywait(&s));
	CHECK_ERR("trywait at 0", sem_trywait(&s), EAGAIN);
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	CHECK_ERR("timedwait, time already here", sem_timedwait(&s, &t), ETIMEDOUT);
	t.tv_nsec += 10000000;
	if (t.tv_nsec >= 1000000000)
		t.tv_sec++, t.tv_nsec -= 1000000000;
	CHECK_ERR("timedwait", sem_timedwait(&s, &t), ETIMEDOUT);
	t.tv_nsec = 1000000000;
	CHECK_ERR("timedwait, bad time", sem_timedwait(&s, &t), EINVAL);
	CHECK_OK("post", sem_post(&s));
	MUST(sem_getvalue(&s, &n));
	CHECK_EQ("value", n, 1);
	CHECK_ERR("init over the maximum", sem_init(&s, 0, 1u + INT_MAX), EINVAL);
	MUST(sem_init(&s, 0, INT_MAX));
	CHECK_ERR("post over the maximum", sem_post(&s), EOVERFLOW);

	sem_init(&ping, 0, 0), sem_init(&pong, 0, 0);
	pthread_t id = guest_thread(partner, NULL);
	for (int i = 1; i <= 100; i++) {
		sem_post(&ping);
		sem_wait(&pong);
		wrong += value != i;
	}
	guest_join(id);
	CHECK_EQ("turns out of order", wrong, 0);
	return guest_done();
}
