/* static-too
 * The processor is asked again and again at one place, and tells the same as at another; nothing but what it tells
 * changes; a child may ask too; and who makes the code writable finds it as it was. */
#include "guest.h"
#include <sys/mman.h>

struct answer {
	uint32_t a, b, c, d;
};

/* ask(leaf, subleaf, answer): the place that is asked, in a page of its own. */
void ask(uint32_t leaf, uint32_t subleaf, struct answer *answer);
extern const unsigned char asked[], ask_end[];
__asm__(".text\n.p2align 12\nask:\n"
        "push %rbx\nmov %rdx, %r8\nmov %edi, %eax\nmov %esi, %ecx\n"
        "mov $0x1234, %r9\nstc\n"
        ".globl asked\nasked:\ncpuid\n"
        "sbb $0x1233, %r9\n" /* 0 if the carry was kept */
        "add %r9d, %eax\n"
        "mov %eax, 0(%r8)\nmov %ebx, 4(%r8)\nmov %ecx, 8(%r8)\nmov %edx, 12(%r8)\n"
        "pop %rbx\nret\n.p2align 12\nask_end:\n");

static struct answer elsewhere(uint32_t leaf, uint32_t subleaf) {
	struct answer r = {leaf, 0, subleaf, 0};
	__asm__ volatile("cpuid" : "+a"(r.a), "=b"(r.b), "+c"(r.c), "=d"(r.d));
	return r;
}

static int same(uint32_t leaf, uint32_t subleaf) {
	struct answer here, there = elsewhere(leaf, subleaf);
	for (int times = 0; times < 3; times++)
		ask(leaf, subleaf, &here);
	if (leaf == 1) /* which processor it is */
		here.b = there.b = 0;
	return memcmp(&here, &there, sizeof here) == 0;
}

int main(void) {
	int equal = 1;
	for (int round = 0; round < 20; round++)
		equal &= same(0, 0) & same(1, 0) & same(4, round % 4) & same(7, 0) & same(0x80000001, 0);
	CHECK("the same at both places", equal);
	pid_t child = fork();
	if (child == 0)
		_exit(same(7, 0) && same(0, 0) ? 7 : 8);
	int status = 0;
	waitpid(child, &status, 0);
	CHECK_EQ("in a child too", WEXITSTATUS(status), 7);
	CHECK_OK("writable", mprotect((void *)ask, 4096, PROT_READ | PROT_WRITE | PROT_EXEC));
	CHECK("the instruction is there", asked[0] == 0x0f && asked[1] == 0xa2);
	CHECK("and is carried out", same(0, 0) && same(7, 0));
	return guest_done();
}
