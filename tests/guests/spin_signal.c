// Signals into loops without a call: a timer's, another thread's, a parent's who has waited long enough. Every register
// and flag of the loop is what it was.
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t ticks;

static void tick(int signal) {
    (void)signal;
    ticks++;
}

// Counts in a register until the handler has run; what else the loop holds in registers must stay.
static unsigned long count_until(volatile sig_atomic_t *word, sig_atomic_t until, unsigned long *bad) {
    unsigned long turns = 0, a = 1, b = 2, c = 3, d = 4, carries = 0;
    __asm__ volatile("xorl %%eax, %%eax\n"
                     "movq $5, %%rcx\n"
                     "movq $6, %%r11\n"
                     "1:\n"
                     "addq $1, %[turns]\n"
                     "stc\n"
                     "movl (%[word]), %%edx\n"
                     "adcq $0, %[carries]\n"
                     "cmpl %[until], %%edx\n"
                     "jl 1b\n"
                     "addq %%rax, %[a]\n"
                     "addq %%rcx, %[b]\n"
                     "addq %%r11, %[c]\n"
                     : [turns] "+r"(turns), [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [carries] "+r"(carries)
                     : [word] "r"(word), [until] "r"(until)
                     : "rax", "rcx", "r11", "rdx", "cc", "memory");
    *bad += a != 1 || b != 7 || c != 9 || d != 4 || carries != turns;
    return turns;
}

static void *kicker(void *argument) {
    struct timespec wait = {0, 30000000};
    nanosleep(&wait, NULL);
    pthread_kill(*(pthread_t *)argument, SIGUSR1);
    return NULL;
}

static volatile double total;

int main(void) {
    unsigned long bad = 0;
    struct sigaction action = {.sa_handler = tick};
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    struct itimerval timer = {{0, 10000}, {0, 10000}};
    setitimer(ITIMER_REAL, &timer, NULL);
    unsigned long turns = count_until(&ticks, 5, &bad);
    timer = (struct itimerval){{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &timer, NULL);
    printf("five ticks, %s, %lu registers changed\n", turns > 5 ? "many turns" : "few turns", bad);

    ticks = 0;
    struct itimerval once = {{0, 0}, {0, 200000}};
    setitimer(ITIMER_REAL, &once, NULL);
    double x = 1;
    while (!ticks) {
        x = x * 1.0000001 + 1e-9;
        total = x;
    }
    printf("alarm: %s\n", x > 1 && x == total ? "the sum is kept" : "the sum is lost");

    ticks = 0;
    pthread_t me = pthread_self(), other;
    pthread_create(&other, NULL, kicker, &me);
    for (;;) {
        if (ticks)
            break;
    }
    pthread_join(other, NULL);
    printf("kicked %d\n", (int)ticks);

    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        for (;;)
            __asm__ volatile("");
    struct timespec wait = {0, 300000000};
    nanosleep(&wait, NULL);
    int status;
    printf("it runs: %d\n", waitpid(child, &status, WNOHANG) == 0);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    printf("killed by %d\n", WTERMSIG(status));
    return 0;
}
