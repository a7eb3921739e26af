/* What a program finds on its first stack: arguments, environment and the
   auxiliary vector. See execve(2), environ(7), getauxval(3). static-too */
#include "guest.h"
#include <sys/auxv.h>

int main(int argc, char **argv, char **envp)
{
	CHECK_EQ("argc", argc, 1);
	CHECK("argv[0] is set", argv[0] && argv[0][0]);
	CHECK("argv ends with NULL", argv[argc] == NULL);
	CHECK("envp is environ", envp == environ);
	int odd = 0;
	for (char **e = envp; *e; e++)
		odd += strchr(*e, '=') == NULL;
	CHECK_EQ("environment entries without =", odd, 0);
	CHECK_EQ("setenv", setenv("GUEST_NAME", "value", 1), 0);
	CHECK_STR("getenv", getenv("GUEST_NAME"), "value");
	CHECK_EQ("AT_PAGESZ", getauxval(AT_PAGESZ), 4096);
	CHECK_EQ("AT_CLKTCK", getauxval(AT_CLKTCK), 100);
	CHECK_EQ("AT_SECURE", getauxval(AT_SECURE), 0);
	CHECK("AT_UID", getauxval(AT_UID) == getuid());
	CHECK("AT_EUID", getauxval(AT_EUID) == geteuid());
	CHECK("AT_GID", getauxval(AT_GID) == getgid());
	CHECK("AT_EGID", getauxval(AT_EGID) == getegid());
	CHECK("AT_PHDR", getauxval(AT_PHDR) != 0);
	CHECK("AT_PHNUM", getauxval(AT_PHNUM) > 0);
	CHECK("AT_ENTRY", getauxval(AT_ENTRY) != 0);
	CHECK("AT_EXECFN", getauxval(AT_EXECFN) && *(char *)getauxval(AT_EXECFN));
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	CHECK("AT_RANDOM", random != NULL);
	int bits = 0;
	for (int i = 0; random && i < 16; i++)
		bits |= random[i];
	CHECK("AT_RANDOM is not all zero", bits != 0);
	errno = 0;
	CHECK_EQ("unknown entry", getauxval(9999), 0);
	CHECK("unknown entry sets ENOENT", errno == ENOENT);
	return guest_done();
}
