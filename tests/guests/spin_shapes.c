// Loops of every shape, all left by a signal's handler: none may keep the signal from coming.
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

static sigjmp_buf out;
static volatile int zero;
static volatile long count;
static char from[300], to[300];

static void leave(int signal) {
    (void)signal;
    siglongjmp(out, 1);
}

static void to_itself(void) {
    __asm__ volatile("1: jmp 1b");
}
static void polite(void) {
    __asm__ volatile("1: pause; movl (%0), %%eax; testl %%eax, %%eax; je 1b" : : "r"(&zero) : "eax", "cc", "memory");
}
static void counting_branch(void) {
    __asm__ volatile("1: movl $50, %%ecx; 2: nop; loop 2b; jmp 1b" : : : "rcx", "cc");
}
static void through_a_table(void) {
    __asm__ volatile("lea 1f(%%rip), %%rax; lea 2f(%%rip), %%rdx\n"
                     "2: incq (%0); jmp *%%rax\n"
                     "1: incq (%0); jmp *%%rdx\n"
                     :
                     : "r"(&count)
                     : "rax", "rdx", "cc", "memory");
}
static void a_library_call(void) {
    while (memcmp(from, to, sizeof from) == 0)
        __asm__ volatile("" ::: "memory");
}
static void flags_over_the_branch(void) {
    // The carry lives over every turn.
    __asm__ volatile("stc; 1: movl (%0), %%eax; jnc 2f; jmp 1b; 2: ud2" : : "r"(&zero) : "eax", "cc", "memory");
}

int main(void) {
    static const struct {
        const char *name;
        void (*run)(void);
    } shapes[] = {
        {"to itself", to_itself},
        {"polite", polite},
        {"counting branch", counting_branch},
        {"through a table", through_a_table},
        {"a library call", a_library_call},
        {"flags over the branch", flags_over_the_branch},
    };
    signal(SIGALRM, leave);
    for (unsigned n = 0; n < sizeof shapes / sizeof *shapes; n++) {
        if (sigsetjmp(out, 1) == 0) {
            struct itimerval timer = {{0, 0}, {0, 5000}};
            setitimer(ITIMER_REAL, &timer, NULL);
            shapes[n].run();
            printf("%s: it ended\n", shapes[n].name);
        } else {
            printf("%s: left\n", shapes[n].name);
        }
    }
    return 0;
}
