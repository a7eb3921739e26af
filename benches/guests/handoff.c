/* Passing the turn to and fro: handoff cond|threads|pipes|bare COUNT [THREADS].
 *   cond     two threads and a condition variable; COUNT hand-offs
 *   threads  THREADS threads take turns at a mutex; COUNT turns in all
 *   pipes    two processes and two pipes; COUNT hand-offs
 *   bare     two processes and one futex in shared memory, nothing else: the yardstick; prints nanoseconds each */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long count;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn;

static void *take_turns(void *me) {
  pthread_mutex_lock(&mutex);
  for (long i = 0; i < count / 2; i++) {
    while (turn != (me != NULL))
      pthread_cond_wait(&turned, &mutex);
    turn = !turn;
    pthread_cond_signal(&turned);
  }
  pthread_mutex_unlock(&mutex);
  return NULL;
}

static void *yield_turns(void *turns) {
  for (long i = *(long *)turns; i > 0; i--) {
    pthread_mutex_lock(&mutex);
    turn++;
    pthread_mutex_unlock(&mutex);
    sched_yield();
  }
  return NULL;
}

static void pass(int from, int to) {
  char byte;
  if (read(from, &byte, 1) != 1 || write(to, &byte, 1) != 1)
    exit(1);
}

static void pipes(void) {
  int there[2], back[2];
  if (pipe(there) || pipe(back))
    exit(1);
  pid_t child = fork();
  if (child == 0) {
    for (long i = 0; i < count / 2; i++)
      pass(there[0], back[1]);
    _exit(0);
  }
  for (long i = 0; i < count / 2; i++) {
    if (write(there[1], "x", 1) != 1)
      exit(1);
    char byte;
    if (read(back[0], &byte, 1) != 1)
      exit(1);
  }
  waitpid(child, NULL, 0);
}

static void bare(void) {
  volatile int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  struct timespec a, b;
  pid_t child = fork();
  int me = child == 0;
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (long i = 0; i < count / 2; i++) {
    while (*word != me)
      syscall(SYS_futex, word, FUTEX_WAIT, !me, NULL, NULL, 0);
    *word = !me;
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
  }
  if (me)
    _exit(0);
  waitpid(child, NULL, 0);
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("%.1f\n", ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / count);
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  count = atol(argv[2]);
  if (!strcmp(argv[1], "pipes")) {
    pipes();
  } else if (!strcmp(argv[1], "bare")) {
    bare();
  } else if (!strcmp(argv[1], "cond")) {
    pthread_t other;
    if (pthread_create(&other, NULL, take_turns, &count))
      return 1;
    take_turns(NULL);
    pthread_join(other, NULL);
  } else {
    int threads = atoi(argv[3]);
    pthread_t *all = calloc(threads, sizeof *all);
    long each = count / threads;
    for (int i = 0; i < threads; i++)
      if (pthread_create(&all[i], NULL, yield_turns, &each))
        return 1;
    for (int i = 0; i < threads; i++)
      pthread_join(all[i], NULL);
  }
  return 0;
}
