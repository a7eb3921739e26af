/* What execve refuses, leaving the caller running. See execve(2). static-too */
#include "guest.h"

int main(void)
{
	char *args[] = {"x", NULL}, *env[] = {NULL};
	char name[5000];
	guest_tmp();
	guest_file("plain", "not executable");
	guest_file("garbage", "this is no program\n");
	guest_file("empty", "");
	guest_file("lost", "#!/nonexistent/interpreter\n");
	MUST(chmod("garbage", 0755));
	MUST(chmod("empty", 0755));
	MUST(chmod("lost", 0755));
	MUST(symlink("loop", "loop"));
	memset(name, 'n', sizeof name);
	name[300] = 0;
	CHECK_ERR("missing", execve("missing", args, env), ENOENT);
	CHECK_ERR("empty path", execve("", args, env), ENOENT);
	CHECK_ERR("not executable", execve("plain", args, env), EACCES);
	CHECK_ERR("directory", execve(".", args, env), EACCES);
	CHECK_ERR("file as directory", execve("plain/x", args, env), ENOTDIR);
	CHECK_ERR("unknown format", execve("garbage", args, env), ENOEXEC);
	CHECK_ERR("empty file", execve("empty", args, env), ENOEXEC);
	CHECK_ERR("missing interpreter", execve("lost", args, env), ENOENT);
	CHECK_ERR("symbolic link loop", execve("loop", args, env), ELOOP);
	CHECK_ERR("name over 255 bytes", execve(name, args, env), ENAMETOOLONG);
	name[300] = 'n', name[4999] = 0;
	CHECK_ERR("path over 4095 bytes", execve(name, args, env), ENAMETOOLONG);
	CHECK_ERR("path at a bad address", syscall(SYS_execve, guest_bad, args, env), EFAULT);
	CHECK_ERR("arguments at a bad address", syscall(SYS_execve, "/proc/self/exe", guest_bad, env), EFAULT);
	args[0] = (char *)8;
	CHECK_ERR("one argument at a bad address", execve("/proc/self/exe", args, env), EFAULT);
	return guest_done();
}
