/* Names are bytes, UTF-8 or not: what goes in comes out of readdir, readlink,
   getcwd, /proc and getsockname, and two names stay two. See path_resolution(7).
   static-too */
#include "guest.h"

static const char *shown(const char *bytes)
{
	static char text[4 * PATH_MAX];
	char *to = text;
	for (const unsigned char *b = (const unsigned char *)bytes; *b; b++)
		to += sprintf(to, *b < 0x20 || *b > 0x7e ? "\\x%02x" : "%c", *b);
	*to = 0;
	return text;
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(const char *name)
{
	char *names[20];
	int n = 0;
	DIR *d = opendir(".");
	CHECK(name, d != NULL);
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_name[0] != '.')
			names[n++] = strdup(e->d_name);
	closedir(d);
	qsort(names, (size_t)n, sizeof *names, by_bytes);
	for (int i = 0; i < n; i++)
		printf("    %s\n", shown(names[i]));
}

int main(void)
{
	char text[PATH_MAX];
	struct stat st;
	guest_tmp();
	/* Latin-1, UTF-8, a sequence that is cut, a lone continuation, an overlong slash, a surrogate, plane 16. */
	const char *names[] = {"gr\xf6\xdf" "e", "gr\xc3\xb6\xc3\x9f" "e", "\xe2\x82", "\x80", "\xc0\xaf",
			       "\xed\xa0\x80", "\xf4\x8f\xb8\x80", "\xff", "a\x01\n\x7f"};
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		guest_file(names[i], names[i]);
	list("files");
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		MUST(stat(names[i], &st));
		CHECK_EQ(shown(names[i]), st.st_size, strlen(names[i]));
	}
	CHECK_ERR("the replacement is another name", stat("\xef\xbf\xbd", &st), ENOENT);
	CHECK_ERR("so is another byte", stat("\xfe", &st), ENOENT);
	CHECK_OK("rename", rename("\xff", "\xfe"));
	CHECK_ERR("then the old name is gone", unlink("\xff"), ENOENT);
	CHECK_OK("and the new one there", unlink("\xfe"));

	CHECK_OK("symlink", symlink("to/\xe9\xff", "link\xff"));
	CHECK_EQ("readlink", readlink("link\xff", text, sizeof text), 5);
	text[5] = 0;
	CHECK_STR("its text", shown(text), "to/\\xe9\\xff");
	CHECK_EQ("readlink, cut", readlink("link\xff", text, 4), 4);
	MUST(lstat("link\xff", &st));
	CHECK_EQ("its size", st.st_size, 5);

	CHECK_OK("mkdir", mkdir("dir\xff", 0755));
	MUST(chdir("dir\xff"));
	MUST(getcwd(text, sizeof text) ? 0 : -1);
	CHECK_STR("getcwd", shown(strrchr(text, '/') + 1), "dir\\xff");
	ssize_t n = MUST(readlink("/proc/self/cwd", text, sizeof text - 1));
	text[n] = 0;
	CHECK_STR("/proc/self/cwd", shown(strrchr(text, '/') + 1), "dir\\xff");

	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket\xff"}, seen;
	socklen_t len = sizeof seen;
	int s = (int)MUST(socket(AF_UNIX, SOCK_STREAM, 0));
	CHECK_OK("bind", bind(s, (struct sockaddr *)&address, sizeof address));
	MUST(getsockname(s, (struct sockaddr *)&seen, &len));
	CHECK_STR("getsockname", shown(seen.sun_path), "socket\\xff");
	MUST(listen(s, 1));
	CHECK_OK("connect", connect((int)MUST(socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&address, sizeof address));
	list("socket");
	MUST(unlink("socket\xff"));

	memset(text, 0xff, 256);
	text[255] = 0;
	int fd = (int)CHECK_OK("the longest name", open(text, O_CREAT | O_WRONLY, 0644));
	CHECK("it has a descriptor", fd >= 0);
	CHECK_OK("unlink", unlink(text));
	memset(text, 0xff, 257);
	text[256] = 0;
	CHECK_ERR("one byte more", open(text, O_CREAT | O_WRONLY, 0644), ENAMETOOLONG);

	MUST(prctl(PR_SET_NAME, "comm\xff\xfe"));
	MUST(prctl(PR_GET_NAME, text));
	CHECK_STR("name of a thread", shown(text), "comm\\xff\\xfe");
	return guest_done();
}
