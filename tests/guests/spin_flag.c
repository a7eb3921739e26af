// Threads that wait for each other in loops without a call: the one that is waited for must get to run.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static volatile int flag;
static atomic_int turn;
static atomic_long done;

static void *set_later(void *unused) {
    (void)unused;
    usleep(20000);
    flag = 1;
    return NULL;
}

static void *player(void *argument) {
    int me = (int)(long)argument;
    for (int n = 0; n < 20; n++) {
        while (atomic_load_explicit(&turn, memory_order_acquire) != me)
            ;
        atomic_fetch_add(&done, me + 1);
        atomic_store(&turn, 1 - me);
    }
    return NULL;
}

int main(void) {
    pthread_t other;
    pthread_create(&other, NULL, set_later, NULL);
    while (!flag)
        ;
    pthread_join(other, NULL);
    printf("the flag is %d\n", flag);

    pthread_t players[2];
    for (long n = 0; n < 2; n++)
        pthread_create(&players[n], NULL, player, (void *)n);
    for (int n = 0; n < 2; n++)
        pthread_join(players[n], NULL);
    printf("%ld after 40 turns\n", atomic_load(&done));
    return 0;
}
