/* pipe2: close-on-exec, non-blocking, packet mode, unknown flags. See pipe(2). static-too */
#include "guest.h"

int main(void)
{
	int p[2];
	char text[32] = "";
	CHECK_OK("O_CLOEXEC", pipe2(p, O_CLOEXEC));
	CHECK_EQ("read end", fcntl(p[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ("write end", fcntl(p[1], F_GETFD), FD_CLOEXEC);
	CHECK_OK("O_NONBLOCK", pipe2(p, O_NONBLOCK));
	CHECK_EQ("descriptor flags", fcntl(p[0], F_GETFD), 0);
	CHECK("both ends", (fcntl(p[0], F_GETFL) & O_NONBLOCK) && (fcntl(p[1], F_GETFL) & O_NONBLOCK));
	p[0] = p[1] = -7;
	CHECK_ERR("unknown flags", pipe2(p, O_APPEND), EINVAL);
	CHECK("the array is untouched", p[0] == -7 && p[1] == -7);
	CHECK_OK("O_DIRECT", pipe2(p, O_DIRECT));
	MUST(write(p[1], "first", 5));
	MUST(write(p[1], "second", 6));
	CHECK_EQ("one packet", read(p[0], text, sizeof text), 5);
	CHECK_EQ("part of a packet", read(p[0], text, 3), 3);
	MUST(write(p[1], "third", 5));
	CHECK_EQ("the rest was dropped", read(p[0], text, sizeof text), 5);
	CHECK_STR("next packet", (text[5] = 0, text), "third");
	return guest_done();
}
