/* Listing directories: every name once, dot and dot dot, types, rewinding,
   entries made and removed. See getdents(2), readdir(3). static-too */
#include "guest.h"

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(DIR *d, const char *want)
{
	char *name[100], text[1000] = "";
	int n = 0;
	rewinddir(d);
	for (struct dirent *e; (e = readdir(d));)
		name[n++] = strdup(e->d_name);
	qsort(name, (size_t)n, sizeof *name, by_name);
	for (int i = 0; i < n; i++)
		strcat(strcat(text, i ? " " : ""), name[i]);
	CHECK_STR("names", text, want);
}

int main(void)
{
	char name[40];
	guest_tmp();
	guest_file("file", "");
	MUST(mkdir("dir", 0755));
	MUST(symlink("file", "link"));
	DIR *d = opendir(".");
	CHECK("opendir", d != NULL);
	list(d, ". .. dir file link");
	guest_file("another", "");
	MUST(unlink("file"));
	list(d, ". .. another dir link");
	rewinddir(d);
	int types = 0, inodes = 0;
	for (struct dirent *e; (e = readdir(d));) {
		struct stat st;
		MUST(lstat(e->d_name, &st));
		types += e->d_type == DT_UNKNOWN || e->d_type == (st.st_mode & S_IFMT) >> 12;
		inodes += e->d_ino == st.st_ino;
	}
	CHECK_EQ("types that agree with lstat", types, 5);
	CHECK("inodes agree with lstat", inodes >= 4); /* dot dot may be a mount point */
	MUST(chdir("dir"));
	for (int i = 0; i < 500; i++) {
		sprintf(name, "entry-with-a-longer-name-%d", i);
		guest_file(name, "");
	}
	static char seen[500];
	int total = 0, once = 0, n;
	closedir(d);
	d = opendir(".");
	for (struct dirent *e; (e = readdir(d)); total++)
		if (sscanf(e->d_name, "entry-with-a-longer-name-%d", &n) == 1)
			seen[n]++;
	for (int i = 0; i < 500; i++)
		once += seen[i] == 1;
	CHECK_EQ("many entries", total, 502);
	CHECK_EQ("seen once", once, 500);
	CHECK_EQ("at the end", readdir(d) == NULL, 1);
	CHECK_ERR("missing", opendir("no") ? 0 : -1, ENOENT);
	CHECK_ERR("a file", opendir("entry-with-a-longer-name-1") ? 0 : -1, ENOTDIR);
	int fd = (int)MUST(open("entry-with-a-longer-name-1", O_RDONLY));
	CHECK_ERR("getdents of a file", syscall(SYS_getdents64, fd, name, sizeof name), ENOTDIR);
	CHECK_ERR("getdents, buffer too small", syscall(SYS_getdents64, (int)MUST(open(".", O_RDONLY)), name, 8), EINVAL);
	CHECK_ERR("read of a directory", read((int)MUST(open(".", O_RDONLY)), name, 8), EISDIR);
	return guest_done();
}
