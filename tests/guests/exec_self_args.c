/* execve of /proc/self/exe: arguments and environment arrive unchanged, also
   empty and long ones; the process stays the same. See execve(2). static-too */
#include "guest.h"

#define LONG 100000

static int second(int argc, char **argv)
{
	CHECK_EQ("argc", argc, 6);
	CHECK_STR("argv[0]", argv[0], "any name");
	CHECK_STR("argv[2]", argv[2], "");
	CHECK_STR("argv[3]", argv[3], "two words");
	CHECK_EQ("length of argv[4]", strlen(argv[4]), LONG);
	CHECK("argv[4]", argv[4][0] == 'l' && argv[4][LONG - 1] == 'l');
	CHECK("same process id", atoi(argv[5]) == getpid());
	CHECK("argv ends with NULL", argv[6] == NULL);
	CHECK_STR("first of the environment", environ[0], "A=1");
	CHECK_STR("second of the environment", environ[1], "EMPTY=");
	CHECK("no more environment", environ[2] == NULL);
	char *none[] = {NULL}, *last[] = {"last", "3", NULL};
	if (guest_failures == 0)
		execve("/proc/self/exe", last, none);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 2) {
		CHECK("empty environment", environ == NULL || environ[0] == NULL);
		return guest_done();
	}
	if (argc > 1)
		return second(argc, argv);
	char *text = malloc(200001), number[20];
	memset(text, 'l', 200000);
	text[200000] = 0;
	sprintf(number, "%d", getpid());
	char *args[] = {"any name", "2", "", "two words", text, number, NULL}, *env[] = {"A=1", "EMPTY=", NULL};
	CHECK_ERR("one argument over 128 KiB", execve("/proc/self/exe", args, env), E2BIG);
	text[LONG] = 0;
	fflush(stdout);
	execve("/proc/self/exe", args, env);
	CHECK("execve does not return", 0);
	return guest_done();
}
