/* static-too
 * A call leaves every register as it was: general ones, flags, x87, XMM, YMM, MXCSR. Two threads with values of their
 * own make calls one after the other, each from a place of its own, often enough that a place is hot, in a process in
 * which places are looked at already. */
#include "guest.h"
#include <stddef.h>

enum { ROUNDS = 48, WIDE = 1, X87 = 2 };

struct state {
	uint64_t general[16]; /* rax rcx rdx rbx rsi rdi rbp (unused) r8 … r15 */
	uint64_t flags;
	uint64_t after; /* address behind the call, as rcx tells it */
	uint32_t mxcsr;
	uint32_t unused;
	uint16_t control;
	unsigned char st0[10];
	uint32_t padding;
	unsigned char vector[16][32] __attribute__((aligned(32)));
};
_Static_assert(offsetof(struct state, vector) == 192, "the assembly knows it");

#define EACH_VECTOR(f)                                                                                                 \
	f(0) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14) f(15)
#define LOAD_YMM(n) "vmovdqa 192+32*" #n "(%rax), %ymm" #n "\n"
#define KEEP_YMM(n) "vmovdqa %ymm" #n ", 192+32*" #n "(%rax)\n"
#define LOAD_XMM(n) "movdqa 192+32*" #n "(%rax), %xmm" #n "\n"
#define KEEP_XMM(n) "movdqa %xmm" #n ", 192+32*" #n "(%rax)\n"

/* make_NAME(before, after): loads the one, makes the call, keeps the other. */
#define SITE(name, first, load, keep, call)                                                                            \
  void make_##name(const struct state *before, struct state *after);                                                   \
  __asm__(".text\nmake_" #name ":\n"                                                                                   \
          "push %rbx\npush %rbp\npush %r12\npush %r13\npush %r14\npush %r15\npush %rsi\n"                              \
          "mov %rdi, %rax\n" first load                                                                                \
          "ldmxcsr 144(%rax)\n"                                                                                        \
          "mov 16(%rax), %rdx\nmov 24(%rax), %rbx\nmov 32(%rax), %rsi\nmov 40(%rax), %rdi\nmov 48(%rax), %rbp\n"       \
          "mov 64(%rax), %r8\nmov 72(%rax), %r9\nmov 80(%rax), %r10\nmov 96(%rax), %r12\nmov 104(%rax), %r13\n"        \
          "mov 112(%rax), %r14\nmov 120(%rax), %r15\n"                                                                 \
          "push 128(%rax)\npopf\n"                                                                                     \
          "mov 0(%rax), %rax\n" call                                                                                   \
          "xchg %rax, (%rsp)\n"                                                                                        \
          "mov %rcx, 136(%rax)\nmov %rdx, 16(%rax)\nmov %rbx, 24(%rax)\nmov %rsi, 32(%rax)\nmov %rdi, 40(%rax)\n"      \
          "mov %rbp, 48(%rax)\nmov %r8, 64(%rax)\nmov %r9, 72(%rax)\nmov %r10, 80(%rax)\nmov %r11, 88(%rax)\n"         \
          "mov %r12, 96(%rax)\nmov %r13, 104(%rax)\nmov %r14, 112(%rax)\nmov %r15, 120(%rax)\n"                        \
          "pushf\npop 128(%rax)\ncld\n"                                                                                   \
          "stmxcsr 144(%rax)\n" keep "lea 1b(%rip), %rcx\nmov %rcx, 8(%rax)\n"                                         \
          "pop %rcx\nmov %rcx, 0(%rax)\n"                                                                              \
					"pop %r15\npop %r14\npop %r13\npop %r12\npop %rbp\npop %rbx\nret\n");

/* The number right in front of the call, or from elsewhere. */
#define NEAR(nr) "mov $" #nr ", %eax\nsyscall\n1:\n"
#define FAR "syscall\n1:\n"
#define YMM(name, call) SITE(name, "", EACH_VECTOR(LOAD_YMM), EACH_VECTOR(KEEP_YMM) "vzeroupper\n", call)
#define XMM(name, call) SITE(name, "", EACH_VECTOR(LOAD_XMM), EACH_VECTOR(KEEP_XMM), call)
#define ST0(name, call)                                                                                                \
  SITE(name, "fninit\nfldcw 152(%rax)\nfldt 154(%rax)\n", EACH_VECTOR(LOAD_XMM),                                       \
			 EACH_VECTOR(KEEP_XMM) "fnstcw 152(%rax)\nfstpt 154(%rax)\nfninit\n", call)
#define CALL(name, nr)                                                                                                 \
  XMM(name##_xmm_near, NEAR(nr)) XMM(name##_xmm_far, FAR) YMM(name##_ymm_near, NEAR(nr)) YMM(name##_ymm_far, FAR)      \
	ST0(name##_x87_near, NEAR(nr)) ST0(name##_x87_far, FAR)

CALL(getppid, 110)
CALL(sched_yield, 24)
CALL(futex, 202)
CALL(clock_gettime, 228)
CALL(write, 1)
CALL(lseek, 8)
CALL(fstat, 5)
CALL(nanosleep, 35)
CALL(getrandom, 318)
CALL(none, 999)

static int word;
static struct timespec soon = {0, 1000};
static __thread char room[256];

struct call {
	const char *name;
	void (*make)(const struct state *, struct state *);
	int kind;
	uint64_t nr, a, b, c;
};
#define ROWS(name, nr, a, b, c)                                                                                        \
  {#name " xmm near", make_##name##_xmm_near, 0, nr, a, b, c}, {#name " xmm far", make_##name##_xmm_far, 0, nr, a, b, c},  \
      {#name " x87 near", make_##name##_x87_near, X87, nr, a, b, c},                                                   \
      {#name " x87 far", make_##name##_x87_far, X87, nr, a, b, c},                                                     \
      {#name " ymm near", make_##name##_ymm_near, WIDE, nr, a, b, c}, {                                                \
    #name " ymm far", make_##name##_ymm_far, WIDE, nr, a, b, c                                                         \
	}

/* Different at every call, in every thread, and in every place. */
static void fill(struct state *s, uint64_t seed, const struct call *call) {
	/* What calculations set, one by one and all; direction and identification, which they do not. */
	static const uint64_t flags[] = {0x202, 0x203, 0x206, 0x212, 0x242, 0x282, 0xa02, 0xad7, 0x602, 0x200202, 0x200ed7};
	unsigned char *bytes = (unsigned char *)s;
	uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
	for (size_t i = 0; i < sizeof *s; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		bytes[i] = (unsigned char)(x >> 32);
	}
	s->flags = flags[seed % (sizeof flags / sizeof *flags)];
	/* Rounding as the thread likes; the flags of exceptions as they were. */
	s->mxcsr = 0x1f80 | (uint32_t)(seed % 4) << 13 | (uint32_t)(seed % 64);
	s->control = (uint16_t)(0x37f & ~0xc00) | (uint16_t)(seed % 4) << 10;
	long double value = (long double)seed / 3;
	memcpy(s->st0, &value, sizeof s->st0);
	s->general[0] = call->nr;
	s->general[5] = call->a, s->general[4] = call->b, s->general[2] = call->c;
}

static int differs(const struct state *a, const struct state *b, int kind) {
	for (int n = 2; n < 16; n++)
		if (n != 7 && n != 11 && a->general[n] != b->general[n])
			return 1 + n;
	if (a->flags != b->flags || b->general[11] != a->flags)
		return 20;
	if (b->after != b->general[1])
		return 21;
	if (a->mxcsr != b->mxcsr)
		return 22;
	if (kind == X87 && (a->control != b->control || memcmp(a->st0, b->st0, sizeof a->st0)))
		return 23;
	for (int n = 0; n < 16; n++)
		if (memcmp(a->vector[n], b->vector[n], kind == WIDE ? 32 : 16))
			return 30 + n;
	return 0;
}

static void *hold(void *who) {
	uint64_t sec = (uint64_t)(uintptr_t)&soon, mem = (uint64_t)(uintptr_t)room, futex = (uint64_t)(uintptr_t)&word;
	const struct call calls[] = {
			ROWS(getppid, 110, 1, 2, 3),
			ROWS(sched_yield, 24, 4, 5, 6),
			ROWS(futex, 202, futex, FUTEX_WAKE_PRIVATE, 1),
			ROWS(clock_gettime, 228, CLOCK_MONOTONIC, mem, 7),
			ROWS(write, 1, (uint64_t)-1, mem, 8),
			ROWS(lseek, 8, (uint64_t)-1, 9, 0),
			ROWS(fstat, 5, (uint64_t)-1, mem, 10),
			ROWS(nanosleep, 35, sec, 0, 11),
			ROWS(getrandom, 318, mem, 16, 0),
			ROWS(none, 999, 12, 13, 14),
	};
	uint64_t seed = (uint64_t)(uintptr_t)who << 20;
	int wide = __builtin_cpu_supports("avx");
	long bad = 0;
	for (int round = 0; round < ROUNDS; round++)
		for (size_t n = 0; n < sizeof calls / sizeof *calls; n++) {
			if (calls[n].kind == WIDE && !wide)
				continue;
			struct state before, after;
			fill(&before, ++seed, &calls[n]);
			memset(&after, 0, sizeof after);
			calls[n].make(&before, &after);
			unsigned normal = 0x1f80;
			__asm__ volatile("ldmxcsr %0" ::"m"(normal));
			int what = differs(&before, &after, calls[n].kind);
			if (what && bad++ < 3)
				printf("%s, round %d: %d is not as it was\n", calls[n].name, round, what);
		}
	return (void *)(intptr_t)bad;
}

int main(void) {
	pthread_t other;
	void *bad;
	guest_warm_up();
	CHECK_RC("a thread", pthread_create(&other, NULL, hold, (void *)1), 0);
	long mine = (long)(intptr_t)hold((void *)2);
	CHECK_RC("it ends", pthread_join(other, &bad), 0);
	CHECK_EQ("calls that changed a register", mine + (long)(intptr_t)bad, 0);
	return guest_done();
}
