/* Paths that open and stat refuse. See open(2), path_resolution(7). static-too */
#include "guest.h"

int main(void)
{
	struct stat st;
	static char name[5000];
	guest_tmp();
	guest_file("f", "x");
	MUST(mkdir("d", 0755));
	MUST(symlink("nowhere", "dangling"));
	CHECK_ERR("empty path", open("", O_RDONLY), ENOENT);
	CHECK_ERR("missing directory", open("no/f", O_WRONLY | O_CREAT, 0644), ENOENT);
	CHECK_ERR("file as directory", open("f/x", O_RDONLY), ENOTDIR);
	CHECK_ERR("file with a slash", open("f/", O_RDONLY), ENOTDIR);
	CHECK_ERR("new file with a slash", open("new/", O_WRONLY | O_CREAT, 0644), EISDIR);
	CHECK_ERR("file with a slash and dot", stat("f/.", &st), ENOTDIR);
	CHECK_OK("directory with slashes", stat("d///", &st));
	CHECK_OK("dots", stat("./d/../d/./../f", &st));
	CHECK_ERR("dots through nothing", stat("no/../f", &st), ENOENT);
	CHECK_OK("above the root is the root", stat("/../../..", &st));
	CHECK_ERR("dangling link", open("dangling", O_RDONLY), ENOENT);
	CHECK_OK("created through the link", open("dangling", O_WRONLY | O_CREAT, 0644));
	CHECK_OK("where it points", stat("nowhere", &st));
	memset(name, 'n', 255);
	CHECK_OK("name of 255 bytes", open(name, O_WRONLY | O_CREAT, 0644));
	name[255] = 'n';
	CHECK_ERR("name of 256 bytes", open(name, O_WRONLY | O_CREAT, 0644), ENAMETOOLONG);
	for (int i = 0; i < 4999; i++)
		name[i] = i % 2 ? '/' : '.';
	name[4094] = 0;
	CHECK_OK("path of 4094 bytes", stat(name, &st));
	name[4094] = '.', name[4095] = '/', name[4096] = 0;
	CHECK_ERR("path of 4096 bytes", stat(name, &st), ENAMETOOLONG);
	CHECK_ERR("bad address", open(guest_bad, O_RDONLY), EFAULT);
	CHECK_ERR("stat to a bad address", fstat(0, guest_bad), EFAULT);
	return guest_done();
}
