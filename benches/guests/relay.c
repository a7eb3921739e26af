/* Does something when told to, so that a test can wait for it: relay PORT ping HOST PORT | relay PORT pong | relay PORT sh.
 *   pong  answers each byte with a byte
 *   ping  for each line that arrives: $ROUNDS bytes to HOST:PORT and back, then a line
 *   sh    for each line that arrives: sh -c "$COMMAND", then a line with its status */
#define _GNU_SOURCE
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void at_once(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static int listen_at(int port) {
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, (struct sockaddr *)&at, sizeof at) || listen(fd, 16)) {
    perror("listen");
    exit(1);
  }
  return fd;
}

static void ping(const char *host, const char *port) {
  struct addrinfo *found, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  if (getaddrinfo(host, port, &hints, &found)) {
    fprintf(stderr, "%s: no such host\n", host);
    exit(1);
  }
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, found->ai_addr, found->ai_addrlen)) {
    perror("connect");
    exit(1);
  }
  at_once(fd);
  char byte = 'x';
  const char *rounds = getenv("ROUNDS");
  for (long i = atol(rounds ? rounds : "1"); i > 0; i--)
    if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1)
      exit(1);
  close(fd);
}

int main(int argc, char **argv) {
  if (argc < 3)
    return 2;
  int listener = listen_at(atoi(argv[1]));
  for (;;) {
    char line[256];
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
      return 1;
    at_once(fd);
    if (!strcmp(argv[2], "pong")) {
      while (read(fd, line, 1) == 1)
        if (write(fd, line, 1) != 1)
          return 1;
    } else if (read(fd, line, sizeof line) > 0) {
      int status = 0;
      if (!strcmp(argv[2], "ping"))
        ping(argv[3], argv[4]);
      else
        status = system(getenv("COMMAND"));
      dprintf(fd, "DONE %d\n", status);
    }
    close(fd);
  }
}
