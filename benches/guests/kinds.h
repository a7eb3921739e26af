/* Makes one kind of system call again and again: PROGRAM NAME COUNT. The harness takes the difference of two counts, so
 * whatever is set up before the loop does not matter. Without a name, lists what there is. */
#ifndef KINDS_H
#define KINDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void need(int ok, const char *what) {
  if (!ok) {
    perror(what);
    exit(1);
  }
}

static void nothing(void) {}

struct kind {
  const char *name;
  void (*prepare)(void), (*once)(void);
};

static int repeat(const struct kind *kinds, size_t count, int argc, char **argv) {
  for (size_t i = 0; i < count; i++) {
    if (argc < 3) {
      puts(kinds[i].name);
    } else if (!strcmp(argv[1], kinds[i].name)) {
      kinds[i].prepare();
      for (long n = atol(argv[2]); n > 0; n--)
        kinds[i].once();
      return 0;
    }
  }
  return argc < 3 ? 0 : 2;
}

#endif
