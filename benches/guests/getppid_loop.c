/* Makes as many getppid calls as asked for; the harness takes the difference of two lengths. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv) {
  long n = argc > 1 ? atol(argv[1]) : 0;
  for (long i = 0; i < n; i++)
    syscall(SYS_getppid);
  return 0;
}
