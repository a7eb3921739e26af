/* Limits on memory and processes: RLIMIT_AS and RLIMIT_DATA for mmap, brk, mremap and mprotect, RLIMIT_NPROC for fork
   and threads. See getrlimit(2). */
#include "guest.h"

#define MIB (1L << 20)

static long mapped(int which)
{
	char text[4096], *at;
	int fd = (int)MUST(open("/proc/self/status", O_RDONLY));
	text[MUST(read(fd, text, sizeof text - 1))] = 0;
	close(fd);
	at = strstr(text, which == RLIMIT_AS ? "VmSize:" : "VmData:");
	return strtol(at + 7, NULL, 10) * 1024;
}
static void limit(int which, long more)
{
	struct rlimit r;
	MUST(getrlimit(which, &r));
	r.rlim_cur = more < 0 ? r.rlim_max : (rlim_t)(mapped(which) + more);
	MUST(setrlimit(which, &r));
}
static void *anonymous(long size, int prot)
{
	return mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void *idle(void *unused)
{
	return unused;
}

int main(void)
{
	void *p, *q;
	limit(RLIMIT_AS, 64 * MIB);
	CHECK_ERR("too much", anonymous(128 * MIB, PROT_READ | PROT_WRITE) == MAP_FAILED ? -1 : 0, ENOMEM);
	CHECK_ERR("even if it cannot be touched", anonymous(128 * MIB, PROT_NONE) == MAP_FAILED ? -1 : 0, ENOMEM);
	CHECK("enough", (p = anonymous(32 * MIB, PROT_READ | PROT_WRITE)) != MAP_FAILED);
	CHECK("brk says nothing", sbrk(60 * MIB) == (void *)-1 && errno == ENOMEM);
	CHECK("a smaller one", sbrk(MIB) != (void *)-1);
	CHECK_ERR("growing", mremap(p, 32 * MIB, 96 * MIB, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0, ENOMEM);
	CHECK("growing a little", (q = mremap(p, 32 * MIB, 40 * MIB, MREMAP_MAYMOVE)) != MAP_FAILED);
	CHECK_ERR("malloc", malloc(100 * MIB) ? 0 : -1, ENOMEM);
	CHECK_OK("given back", munmap(q, 40 * MIB));
	CHECK("room again", (p = anonymous(48 * MIB, PROT_NONE)) != MAP_FAILED);
	munmap(p, 48 * MIB);
	limit(RLIMIT_AS, -1);
	CHECK("no limit", (p = anonymous(256 * MIB, PROT_NONE)) != MAP_FAILED);
	limit(RLIMIT_DATA, 32 * MIB);
	CHECK_ERR("writable memory", anonymous(64 * MIB, PROT_READ | PROT_WRITE) == MAP_FAILED ? -1 : 0, ENOMEM);
	CHECK("other memory", (q = anonymous(64 * MIB, PROT_READ)) != MAP_FAILED);
	CHECK_ERR("made writable", mprotect(p, 64 * MIB, PROT_READ | PROT_WRITE), ENOMEM);
	CHECK_OK("a part of it", mprotect(p, 8 * MIB, PROT_READ | PROT_WRITE));
	limit(RLIMIT_DATA, -1);
	/* The superuser has no limit of processes. */
	if (getuid() == 0)
		MUST(setuid(54321));
	struct rlimit r;
	MUST(getrlimit(RLIMIT_NPROC, &r));
	r.rlim_cur = 2;
	MUST(setrlimit(RLIMIT_NPROC, &r));
	pid_t child = fork();
	if (child == 0)
		pause();
	CHECK("the second", child > 0);
	CHECK_ERR("the third", fork(), EAGAIN);
	pthread_t t;
	CHECK_EQ("nor a thread", pthread_create(&t, NULL, idle, NULL), EAGAIN);
	MUST(kill(child, SIGKILL));
	MUST(waitpid(child, NULL, 0));
	CHECK_EQ("once it is gone", pthread_create(&t, NULL, idle, NULL), 0);
	pthread_join(t, NULL);
	return guest_failures != 0;
}
