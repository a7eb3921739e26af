/* /proc/self/maps: stack, heap, program and own mappings with their rights. See
   proc(5). static-too */
#include "guest.h"

/* the line that holds this address, or "" */
static const char *line_of(const void *at)
{
	static char line[600];
	FILE *f = fopen("/proc/self/maps", "r");
	while (f && fgets(line, sizeof line, f)) {
		unsigned long a, b;
		if (sscanf(line, "%lx-%lx", &a, &b) == 2 && (uintptr_t)at >= a && (uintptr_t)at < b) {
			fclose(f);
			return line;
		}
	}
	fclose(f);
	return "";
}

static const char *rights(const void *at)
{
	static char text[5];
	const char *space = strchr(line_of(at), ' ');
	snprintf(text, sizeof text, "%.4s", space ? space + 1 : "none");
	return text;
}

static int global = 1;
static const int constant = 2;

int main(void)
{
	char self[PATH_MAX];
	int local = 3;
	char *heap = malloc(100);
	self[MUST(readlink("/proc/self/exe", self, sizeof self - 1))] = 0;
	CHECK("stack", strstr(line_of(&local), "[stack]"));
	CHECK_STR("its rights", rights(&local), "rw-p");
	CHECK("heap", strstr(line_of(heap), "[heap]"));
	CHECK_STR("its rights", rights(heap), "rw-p");
	CHECK("code is the program's file", strstr(line_of((void *)main), self));
	CHECK_STR("its rights", rights((void *)main), "r-xp");
	CHECK_STR("rights of data", rights(&global), "rw-p");
	CHECK_STR("rights of constants", rights(&constant), "r--p");

	char *m = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK_STR("shared mapping", rights(m), "rw-s");
	MUST(mprotect(m + 4096, 4096, PROT_NONE));
	CHECK_STR("first page", rights(m), "rw-s");
	CHECK_STR("middle page", rights(m + 4096), "---s");
	CHECK_STR("last page", rights(m + 8192), "rw-s");
	MUST(munmap(m, 3 * 4096));
	CHECK_STR("unmapped", rights(m), "none");
	guest_tmp();
	int fd = (int)MUST(open("mapped", O_RDWR | O_CREAT, 0644));
	MUST(ftruncate(fd, 8192));
	m = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 4096);
	MUST((long)m);
	CHECK("file mapping has the name", strstr(line_of(m), "/mapped\n"));
	CHECK("and the offset", strstr(line_of(m), "r--p 00001000 "));
	return guest_done();
}
