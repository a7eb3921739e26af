/* Read-write locks: readers share, a writer excludes all. See
   pthread_rwlock_rdlock(3p), pthread_rwlock_wrlock(3p). static-too */
#include "guest.h"

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t together;
static int value;

static void *reader(void *arg)
{
	pthread_rwlock_rdlock(&lock);
	pthread_barrier_wait(&together); /* passes only with all readers inside */
	pthread_barrier_wait(&together);
	pthread_rwlock_unlock(&lock);
	return arg;
}

static void *writer(void *arg)
{
	for (int i = 0; i < 200; i++) {
		pthread_rwlock_wrlock(&lock);
		int v = value;
		if (i % 50 == 0)
			sched_yield();
		value = v + 1;
		pthread_rwlock_unlock(&lock);
	}
	return arg;
}

static void *try_read(void *arg) { (void)arg; return (void *)(intptr_t)pthread_rwlock_tryrdlock(&lock); }

int main(void)
{
	pthread_t t[4];
	pthread_barrier_init(&together, NULL, 4);
	for (int i = 0; i < 3; i++)
		t[i] = guest_thread(reader, NULL);
	pthread_barrier_wait(&together);
	puts("three readers inside at once");
	CHECK_RC("write lock while read", pthread_rwlock_trywrlock(&lock), EBUSY);
	CHECK_RC("one more reader", pthread_rwlock_tryrdlock(&lock), 0);
	CHECK_RC("unlock", pthread_rwlock_unlock(&lock), 0);
	pthread_barrier_wait(&together);
	for (int i = 0; i < 3; i++)
		guest_join(t[i]);
	CHECK_RC("write lock", pthread_rwlock_trywrlock(&lock), 0);
	CHECK_RC("read while written", (int)(intptr_t)guest_join(guest_thread(try_read, NULL)), EBUSY);
	CHECK_RC("read by the writer itself", pthread_rwlock_rdlock(&lock), EDEADLK);
	CHECK_RC("unlock", pthread_rwlock_unlock(&lock), 0);
	for (int i = 0; i < 4; i++)
		t[i] = guest_thread(writer, NULL);
	for (int i = 0; i < 4; i++)
		guest_join(t[i]);
	CHECK_EQ("increments", value, 800);
	return guest_done();
}
