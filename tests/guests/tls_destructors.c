/* Thread-specific data: destructors run at thread end, again when they store
   anew; pthread_once runs once. See pthread_key_create(3p). static-too */
#include "guest.h"

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int calls, onces;

static void destroy(void *value)
{
	calls++;
	if ((intptr_t)value > 1)
		pthread_setspecific(key, (void *)((intptr_t)value - 1));
}

static void run_once(void) { onces++; }

static void *work(void *arg)
{
	pthread_once(&once, run_once);
	void *before = pthread_getspecific(key);
	pthread_setspecific(key, arg);
	return before;
}

int main(void)
{
	CHECK_RC("create", pthread_key_create(&key, destroy), 0);
	pthread_setspecific(key, &key);
	CHECK("starts as NULL in a thread", guest_join(guest_thread(work, (void *)1)) == NULL);
	CHECK_EQ("destructor calls", calls, 1);
	guest_join(guest_thread(work, (void *)3));
	CHECK_EQ("destructor calls, storing again", calls, 4);
	guest_join(guest_thread(work, NULL));
	CHECK_EQ("destructor calls, nothing stored", calls, 4);
	CHECK("main keeps its own", pthread_getspecific(key) == &key);
	CHECK_EQ("once", onces, 1);
	CHECK_RC("delete", pthread_key_delete(key), 0);
	CHECK_RC("use after delete", pthread_setspecific(key, &key), EINVAL);
	return guest_done();
}
