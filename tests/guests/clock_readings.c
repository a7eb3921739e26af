/* static-too
 * Reading a clock again and again, by a call of its own: all registers stay as they were, time goes on, and what cannot
 * be written to is told so, however hot the place is. */
#include "guest.h"
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

enum { ROUNDS = 200 };

/* read_NAME(first, second, kept): makes the call with every register of a known value, keeps what they are then. */
#define SITE(name, number)                                                                                             \
  long read_##name(const void *first, const void *second, uint64_t kept[16]);                                          \
  __asm__(".text\nread_" #name ":\n"                                                                                   \
          "push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\npush %rdx\n"                              \
          "mov $0x1111111111111111, %rbx\nmov $0x2222222222222222, %rbp\nmov $0x3333333333333333, %r8\n"               \
          "mov $0x4444444444444444, %r9\nmov $0x5555555555555555, %r10\nmov $0x6666666666666666, %r12\n"               \
          "mov $0x7777777777777777, %r13\nmov $0x8888888888888888, %r14\nmov $0x9999999999999999, %r15\n"              \
          "mov $0xaaaaaaaaaaaaaaaa, %rdx\n"                                                                            \
          "push $0xad5\npopf\n" /* carry, parity, adjust, zero, sign, interrupts, overflow */                          \
          "mov $" #number ", %eax\nsyscall\n"                                                                          \
          "xchg %rax, (%rsp)\n" /* rax is now `kept` */                                                                \
          "mov %rbx, 0(%rax)\nmov %rbp, 8(%rax)\nmov %r8, 16(%rax)\nmov %r9, 24(%rax)\nmov %r10, 32(%rax)\n"           \
          "mov %r12, 40(%rax)\nmov %r13, 48(%rax)\nmov %r14, 56(%rax)\nmov %r15, 64(%rax)\nmov %rdx, 72(%rax)\n"       \
          "mov %rdi, 80(%rax)\nmov %rsi, 88(%rax)\nmov %rcx, 96(%rax)\nmov %r11, 104(%rax)\n"                          \
          "mov %rsp, 112(%rax)\npushf\npop %rcx\nmov %rcx, 120(%rax)\n"                                                \
          "pop %rax\npop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\ncld\nret\n");

SITE(clock, 228)
SITE(day, 96)
SITE(seconds, 201)

typedef long (*site)(const void *, const void *, uint64_t[16]);

static void check(const char *name, site read, const void *first, const void *second, long expected) {
	static uint64_t before[16];
	int kept = 1;
	long result = 0;
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t now[16];
		result = read(first, second, now);
		if (i > 0 && memcmp(now, before, sizeof now) != 0)
			for (int n = 0; n < 16; n++)
				if (now[n] != before[n])
					kept = printf("%s: register %d was %llx, is %llx\n", name, n, (unsigned long long)before[n],
					              (unsigned long long)now[n]) < 0;
		memcpy(before, now, sizeof now);
		if (expected < 0 && result != expected)
			break;
	}
	for (int n = 0; n < 9; n++)
		kept &= before[n] == 0x1111111111111111u * (n + 1);
	kept &= before[9] == 0xaaaaaaaaaaaaaaaau && before[10] == (uint64_t)first && before[11] == (uint64_t)second;
	kept &= (before[13] & 0xcd5) == 0x8d5 && (before[15] & 0xcd5) == 0x8d5;
	printf("%s: %s, %s\n", name, (expected < 0 ? result == expected : result >= 0) ? "as expected" : "another result",
	       kept ? "registers kept" : "registers changed");
}

int main(void) {
	guest_warm_up();
	char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(pages + 2 * 4096, 4096);
	char *fixed = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct { const char *name; void *at; long error; } places[] = {
		{"plain", pages, 0},
		{"across pages", pages + 4096 - 8, 0},
		{"odd", pages + 3, 0},
		{"nowhere", (void *)8, -EFAULT},
		{"into nowhere", pages + 2 * 4096 - 8, -EFAULT},
		{"read-only", fixed, -EFAULT},
		{"not canonical", (void *)0x8000000000000000u, -EFAULT},
	};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		char name[64];
		for (long clock = 0; clock < 8; clock++) {
			if (clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID)
				continue;
			snprintf(name, sizeof name, "clock %ld, %s", clock, places[i].name);
			check(name, read_clock, (void *)clock, places[i].at, places[i].error);
		}
		snprintf(name, sizeof name, "day, %s", places[i].name);
		check(name, read_day, places[i].at, NULL, places[i].error);
		if (places[i].at != pages + 2 * 4096 - 8) { /* eight bytes fit there */
			snprintf(name, sizeof name, "seconds, %s", places[i].name);
			check(name, read_seconds, places[i].at, NULL, places[i].error);
		}
	}
	check("day, no place", read_day, NULL, NULL, 0);
	check("day, zone", read_day, pages, pages + 64, 0);
	check("seconds, no place", read_seconds, NULL, NULL, 0);
	check("no such clock", read_clock, (void *)31, pages, -EINVAL);
	check("no such clock", read_clock, (void *)77, pages, -EINVAL);

	/* Time goes on at every reading, on one clock as on the other, and does not run back between them. */
	struct timespec last = {0}, now;
	int on = 1;
	for (int i = 0; i < 1000; i++) {
		syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
		on &= now.tv_nsec >= 0 && now.tv_nsec < 1000000000;
		on &= now.tv_sec > last.tv_sec || (now.tv_sec == last.tv_sec && now.tv_nsec >= last.tv_nsec);
		last = now;
		if (i % 100 == 0)
			getppid();
	}
	struct timeval day, again;
	for (int i = 0; i < 1000; i++) {
		syscall(SYS_gettimeofday, &day, NULL);
		syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
		syscall(SYS_gettimeofday, &again, NULL);
		uint64_t a = day.tv_sec * 1000000ull + day.tv_usec, b = now.tv_sec * 1000000ull + now.tv_nsec / 1000;
		uint64_t c = again.tv_sec * 1000000ull + again.tv_usec;
		on &= a <= b && b <= c && (time_t)syscall(SYS_time, NULL) >= again.tv_sec;
	}
	printf("%s\n", on ? "time goes on" : "time does not go on");
	return 0;
}
