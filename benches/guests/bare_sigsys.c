/* The yardstick: the cost of one system call that syscall user dispatch turns into SIGSYS, with a handler that does
 * nothing but return a value. Prints nanoseconds per call. prctl(2), sigaction(2). */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile char selector;
extern char exempt_start[], exempt_end[];
__asm__(".globl exempt_start, exempt_end, restorer\n"
        "exempt_start:\nrestorer: mov $15, %eax\n syscall\n hlt\nexempt_end: nop\n");
extern char restorer[];

static void handler(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)info;
  selector = 0;
  ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 1;
  selector = 1;
}

int main(int argc, char **argv) {
  long n = argc > 1 ? atol(argv[1]) : 200000;
  struct {
    void *handler;
    unsigned long flags;
    void *restorer;
    unsigned long mask;
  } action = {handler, SA_SIGINFO | SA_NODEFER | 0x04000000, restorer, 0};
  syscall(SYS_rt_sigaction, SIGSYS, &action, 0, 8);
  if (prctl(59, 1, exempt_start, exempt_end - exempt_start, &selector))
    return 1;
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  selector = 1;
  for (long i = 0; i < n; i++)
    syscall(SYS_getppid);
  selector = 0;
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("%.1f\n", ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / n);
  return 0;
}
