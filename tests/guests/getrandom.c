/* getrandom: lengths, flags, errors. See getrandom(2). static-too */
#include "guest.h"
#include <sys/random.h>

int main(void)
{
	unsigned char a[1000] = {0}, b[1000] = {0};
	CHECK_EQ("0 bytes", getrandom(a, 0, 0), 0);
	CHECK_EQ("1 byte", getrandom(a, 1, 0), 1);
	CHECK_EQ("256 bytes", getrandom(a, 256, 0), 256);
	CHECK_EQ("1000 bytes", getrandom(a, 1000, 0), 1000);
	CHECK_EQ("GRND_NONBLOCK", getrandom(b, 1000, GRND_NONBLOCK), 1000);
	CHECK("different", memcmp(a, b, 1000));
	int kinds[256] = {0}, n = 0;
	for (int i = 0; i < 1000; i++)
		kinds[a[i]] = 1;
	for (int i = 0; i < 256; i++)
		n += kinds[i];
	CHECK("most byte values occur", n > 200);
	memset(a, 0, sizeof a);
	MUST(getrandom(a, 100, 0));
	int beyond = 0;
	for (int i = 100; i < 1000; i++)
		beyond |= a[i];
	CHECK("nothing beyond the length", beyond == 0);
	CHECK_ERR("unknown flags", getrandom(a, 1, 64), EINVAL);
	CHECK_ERR("bad address", syscall(SYS_getrandom, guest_bad, 8, 0), EFAULT);
	pid_t pid = guest_fork();
	if (pid == 0)
		_exit(getrandom(a, 32, 0) == 32 ? 0 : 1);
	CHECK_EXIT("child", guest_wait(pid), 0);
	return guest_done();
}
