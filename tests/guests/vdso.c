/* static-too
 * The library of functions that every program is given by its kernel: vdso(7). The C library finds them, and they do
 * what the calls do: fill both words, keep the order, refuse what cannot be. */
#include "guest.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>
#include <sys/time.h>
#include <time.h>

/* What a run time does that has no C library: through the dynamic section and the System V hash table or all symbols. */
static void *find(const char *base, const char *name) {
	const Elf64_Ehdr *header = (const void *)base;
	const Elf64_Phdr *program = (const void *)(base + header->e_phoff);
	const Elf64_Dyn *dynamic = NULL;
	uintptr_t load = 0;
	for (int i = 0; i < header->e_phnum; i++) {
		if (program[i].p_type == PT_LOAD)
			load = (uintptr_t)base + program[i].p_offset - program[i].p_vaddr;
		if (program[i].p_type == PT_DYNAMIC)
			dynamic = (const void *)(base + program[i].p_offset);
	}
	const Elf64_Sym *symbols = NULL;
	const char *strings = NULL;
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		if (dynamic->d_tag == DT_SYMTAB)
			symbols = (const void *)(load + dynamic->d_un.d_ptr);
		if (dynamic->d_tag == DT_STRTAB)
			strings = (const void *)(load + dynamic->d_un.d_ptr);
	}
	/* The strings come after the symbols on every x86-64 kernel, and here. */
	for (const Elf64_Sym *s = symbols; s && (const char *)s < strings; s++)
		if (s->st_shndx != SHN_UNDEF && strcmp(strings + s->st_name, name) == 0)
			return (void *)(load + s->st_value);
	return NULL;
}

int main(void) {
	const char *base = (const char *)getauxval(AT_SYSINFO_EHDR);
	CHECK("a library", base != NULL && memcmp(base, ELFMAG, SELFMAG) == 0);
	int (*get)(clockid_t, struct timespec *) = find(base, "__vdso_clock_gettime");
	int (*day)(struct timeval *, void *) = find(base, "__vdso_gettimeofday");
	time_t (*seconds)(time_t *) = find(base, "__vdso_time");
	int (*step)(clockid_t, struct timespec *) = find(base, "__vdso_clock_getres");
	int (*cpu)(unsigned *, unsigned *, void *) = find(base, "__vdso_getcpu");
	CHECK("clock_gettime", get != NULL);
	CHECK("gettimeofday", day != NULL);
	CHECK("time", seconds != NULL);
	CHECK("clock_getres", step != NULL);
	CHECK("getcpu", cpu != NULL);

	int ordered = 1;
	struct timespec last = {0, 0};
	for (int i = 0; i < 300; i++) {
		struct timespec here, there;
		if (get(CLOCK_MONOTONIC, &here) != 0 || syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &there) != 0)
			ordered = 0;
		ordered &= last.tv_sec < here.tv_sec || (last.tv_sec == here.tv_sec && last.tv_nsec <= here.tv_nsec);
		ordered &= here.tv_sec < there.tv_sec || (here.tv_sec == there.tv_sec && here.tv_nsec <= there.tv_nsec);
		last = there;
	}
	CHECK("with the calls in one order", ordered);
	struct timeval now;
	time_t at = 0;
	CHECK_EQ("the day", day(&now, NULL), 0);
	CHECK("the same in seconds", seconds(&at) == at && at - now.tv_sec <= 1);
	struct timespec each;
	CHECK("a nanosecond each", step(CLOCK_MONOTONIC, &each) == 0 && each.tv_sec == 0 && each.tv_nsec == 1);
	unsigned where = 77, node = 77;
	CHECK("somewhere", cpu(&where, &node, NULL) == 0 && where != 77 && node == 0);
	CHECK("no such clock", get(77, &last) != 0);
	CHECK("the processor time of the process", get(CLOCK_PROCESS_CPUTIME_ID, &last) == 0);

	char line[256];
	int shown = 0;
	FILE *maps = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof line, maps) != NULL)
		shown |= strstr(line, "[vdso]") != NULL && strtoul(line, NULL, 16) == (unsigned long)base;
	fclose(maps);
	CHECK("shown in the map of memory", shown);

	pid_t child = fork();
	if (child == 0)
		_exit(get(CLOCK_REALTIME, &last) == 0 ? 7 : 8);
	int status = 0;
	waitpid(child, &status, 0);
	CHECK_EQ("a child has it too", WEXITSTATUS(status), 7);
	return guest_done();
}
