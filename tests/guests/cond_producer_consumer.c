/* Condition variables: a bounded queue between two producers and two
   consumers. See pthread_cond_wait(3). static-too */
#include "guest.h"

#define ITEMS 500
#define SLOTS 4

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER, not_full = PTHREAD_COND_INITIALIZER;
static int slot[SLOTS], used, head, too_many;
static char seen[2 * ITEMS];

static void put(int v)
{
	pthread_mutex_lock(&lock);
	while (used == SLOTS)
		pthread_cond_wait(&not_full, &lock);
	slot[(head + used++) % SLOTS] = v;
	too_many += used > SLOTS;
	pthread_cond_signal(&not_empty);
	pthread_mutex_unlock(&lock);
}

static int take(void)
{
	pthread_mutex_lock(&lock);
	while (used == 0)
		pthread_cond_wait(&not_empty, &lock);
	int v = slot[head];
	head = (head + 1) % SLOTS;
	used--;
	if (v >= 0)
		seen[v]++;
	pthread_cond_signal(&not_full);
	pthread_mutex_unlock(&lock);
	return v;
}

static void *produce(void *arg)
{
	for (int i = 0; i < ITEMS; i++)
		put((int)(intptr_t)arg * ITEMS + i);
	return NULL;
}

static void *consume(void *arg)
{
	intptr_t sum = 0;
	for (int v; (v = take()) >= 0;)
		sum += v;
	(void)arg;
	return (void *)sum;
}

int main(void)
{
	pthread_t p[2], c[2];
	for (int i = 0; i < 2; i++) {
		c[i] = guest_thread(consume, NULL);
		p[i] = guest_thread(produce, (void *)(intptr_t)i);
	}
	guest_join(p[0]), guest_join(p[1]);
	put(-1), put(-1);
	intptr_t sum = (intptr_t)guest_join(c[0]) + (intptr_t)guest_join(c[1]);
	CHECK_EQ("sum", sum, 2 * ITEMS * (2 * ITEMS - 1) / 2);
	int once = 0;
	for (int i = 0; i < 2 * ITEMS; i++)
		once += seen[i] == 1;
	CHECK_EQ("items taken exactly once", once, 2 * ITEMS);
	CHECK_EQ("queue over its limit", too_many, 0);
	return guest_done();
}
