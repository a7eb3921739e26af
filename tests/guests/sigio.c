/* Signals about descriptors: O_ASYNC, F_SETOWN, F_SETSIG and what their handler
   learns, for sockets and pipes. See fcntl(2). static-too */
#include "guest.h"

static volatile sig_atomic_t count, number, code, descriptor;

static void on_ready(int sig, siginfo_t *info, void *context)
{
	(void)context;
	count++;
	number = sig, code = info->si_code, descriptor = info->si_fd;
}

static int arrived(void)
{
	for (int i = 0; i < 200 && !count; i++)
		guest_sleep_ms(1);
	int n = count != 0;
	count = 0;
	return n;
}

int main(void)
{
	struct sigaction act = {.sa_sigaction = on_ready, .sa_flags = SA_SIGINFO | SA_RESTART};
	MUST(sigaction(SIGIO, &act, NULL));
	MUST(sigaction(SIGRTMIN, &act, NULL));
	int pair[2], pipes[2];
	char text[10];
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	MUST(write(pair[1], "a", 1));
	CHECK_EQ("nobody asked", arrived(), 0);
	MUST(read(pair[0], text, 1));
	CHECK_OK("F_SETOWN", fcntl(pair[0], F_SETOWN, getpid()));
	CHECK_EQ("F_GETOWN", fcntl(pair[0], F_GETOWN) == getpid(), 1);
	MUST(write(pair[1], "b", 1));
	CHECK_EQ("an owner alone", arrived(), 0);
	MUST(read(pair[0], text, 1));
	CHECK_OK("O_ASYNC", fcntl(pair[0], F_SETFL, O_ASYNC));
	CHECK("it shows", fcntl(pair[0], F_GETFL) & O_ASYNC);
	MUST(write(pair[1], "c", 1));
	CHECK_EQ("a signal", arrived(), 1);
	CHECK_EQ("SIGIO", number, SIGIO);
	CHECK_EQ("of the kernel", code, SI_KERNEL);
	MUST(read(pair[0], text, 1));
	arrived();
	CHECK_OK("F_SETSIG", fcntl(pair[0], F_SETSIG, SIGRTMIN));
	MUST(write(pair[1], "d", 1));
	CHECK_EQ("another signal", arrived(), 1);
	CHECK_EQ("SIGRTMIN", number == SIGRTMIN, 1);
	CHECK_EQ("POLL_IN", code, POLL_IN);
	CHECK_EQ("of this descriptor", descriptor == pair[0], 1);
	MUST(read(pair[0], text, 1));
	arrived();
	CHECK_OK("no longer", fcntl(pair[0], F_SETFL, 0));
	MUST(write(pair[1], "e", 1));
	CHECK_EQ("nothing", arrived(), 0);

	MUST(pipe(pipes));
	int on = 1;
	CHECK_OK("FIOASYNC", ioctl(pipes[0], FIOASYNC, &on));
	CHECK_OK("a group", fcntl(pipes[0], F_SETOWN, -getpgrp()));
	CHECK_EQ("F_GETOWN of a group", fcntl(pipes[0], F_GETOWN) == -getpgrp(), 1);
	CHECK_OK("only myself", fcntl(pipes[0], F_SETOWN, getpid()));
	MUST(write(pipes[1], "f", 1));
	CHECK_EQ("a pipe", arrived(), 1);
	return guest_done();
}
