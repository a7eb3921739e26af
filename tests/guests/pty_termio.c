/* The old way to ask for a terminal's modes, TCGETA and TCSETA, which has half
   of the bits and characters. See ioctl_tty(2). static-too */
#include "guest.h"
#include <asm/termbits.h>

struct short_modes {
	unsigned short i, o, c, l;
	unsigned char line, cc[8];
};

int main(void)
{
	struct short_modes a;
	struct termios t;
	int fd = (int)MUST(open("/dev/ptmx", O_RDWR | O_NOCTTY));
	MUST(ioctl(fd, TCGETS, &t));
	t.c_iflag |= IUTF8;
	t.c_lflag |= EXTPROC;
	MUST(ioctl(fd, TCSETS, &t));
	CHECK_OK("TCGETA", ioctl(fd, 0x5405, &a));
	CHECK("modes", a.i == (unsigned short)t.c_iflag && a.o == t.c_oflag && a.c == (unsigned short)t.c_cflag &&
			       a.l == (unsigned short)t.c_lflag);
	CHECK_EQ("characters", memcmp(a.cc, t.c_cc, 8), 0);
	a.l &= (unsigned short)~ECHO;
	a.cc[0] = 'q';
	for (unsigned request = 0x5406; request <= 0x5408; request++)
		CHECK_OK("TCSETA", ioctl(fd, request, &a));
	struct termios u;
	MUST(ioctl(fd, TCGETS, &u));
	CHECK_EQ("what it says is set", u.c_lflag, t.c_lflag & ~(unsigned)ECHO);
	CHECK_EQ("and what it does not is kept", u.c_iflag, t.c_iflag);
	CHECK("characters too", u.c_cc[0] == 'q' && u.c_cc[10] == t.c_cc[10]);
	CHECK_ERR("of no terminal", ioctl(eventfd(0, 0), 0x5405, &a), ENOTTY);
	return guest_done();
}
