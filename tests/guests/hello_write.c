/* One write to descriptor 1, without stdio. See write(2). static-too */
#include <unistd.h>

int main(void)
{
	static const char text[] = "hello\n";
	static const char bad[] = "write was short\n";
	if (write(1, text, sizeof text - 1) == (ssize_t)sizeof text - 1)
		return 0;
	return write(2, bad, sizeof bad - 1) < 0 ? 2 : 1;
}
