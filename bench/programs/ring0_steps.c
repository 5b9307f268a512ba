/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linked into einkorn-kvm in front of its ioctl() and _exit() (--wrap) by
 * bench/ring0-profile: the first virtual CPU stops at each instruction in ring
 * 0, and what stood there then is written to $RING0_STEPS at the end. Ring 3
 * must not be stepped, so there breakpoints wait at the four most frequent ways
 * into ring 0: the stubs, from $RING0_STUBS on, of the vectors below.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

int __real_ioctl(int fd, int request, ...);
_Noreturn void __real__exit(int status);
int __wrap_ioctl(int fd, int request, ...);
_Noreturn void __wrap__exit(int status);

enum { MAX_STEPS = 1 << 20 };

/* The next instruction's place, and registers before it. */
struct step {
    uint64_t rip, cr2, rax, rcx, rdi, rsi, rdx, rsp;
};

static struct step *steps;
static size_t nr_steps;
static uint64_t stubs;
static int vcpu_fd = -1, out_fd = -1;
static const volatile struct kvm_run *run;

static void begin(int fd)
{
    const char *out = getenv("RING0_STEPS"), *at = getenv("RING0_STUBS");

    vcpu_fd = fd;
    stubs = at ? strtoull(at, NULL, 0) : 0;
    run = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    steps = mmap(NULL, MAX_STEPS * sizeof(*steps), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (out)
        out_fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static void note_step(void)
{
    struct kvm_regs r;
    struct kvm_sregs s;

    if (nr_steps == MAX_STEPS || __real_ioctl(vcpu_fd, KVM_GET_REGS, &r) ||
        __real_ioctl(vcpu_fd, KVM_GET_SREGS, &s))
        return;
    steps[nr_steps++] =
        (struct step){r.rip, s.cr2, r.rax, r.rcx, r.rdi, r.rsi, r.rdx, r.rsp};
}

/* Steps through ring 0, or waits for it. */
static void watch(bool ring0)
{
    static const int vectors[] = {6, 14, 32, 37};
    enum { ALL_ON = 0x4ff };
    struct kvm_guest_debug debug = {.control = KVM_GUESTDBG_ENABLE};

    debug.control |= ring0 ? KVM_GUESTDBG_SINGLESTEP : KVM_GUESTDBG_USE_HW_BP;
    for (int i = 0; i < 4; i++)
        debug.arch.debugreg[i] = stubs + 16u * (unsigned)vectors[i];
    debug.arch.debugreg[7] = ALL_ON;
    __real_ioctl(vcpu_fd, KVM_SET_GUEST_DEBUG, &debug);
}

static bool is_in_ring0(void)
{
    struct kvm_sregs s = {0};

    __real_ioctl(vcpu_fd, KVM_GET_SREGS, &s);
    return !s.cs.dpl;
}

static int run_by_steps(void)
{
    int ret;

    watch(is_in_ring0());
    while ((ret = __real_ioctl(vcpu_fd, KVM_RUN, 0)) == 0 &&
           run->exit_reason == KVM_EXIT_DEBUG) {
        note_step();
        watch(is_in_ring0());
    }
    return ret;
}

int __wrap_ioctl(int fd, int request, ...)
{
    va_list args;
    void *arg;
    int ret;

    va_start(args, request);
    arg = va_arg(args, void *);
    va_end(args);
    if (request == (int)KVM_RUN && fd == vcpu_fd)
        return run_by_steps();
    ret = __real_ioctl(fd, request, arg);
    if (request == (int)KVM_CREATE_VCPU && vcpu_fd < 0 && ret >= 0)
        begin(ret);
    return ret;
}

_Noreturn void __wrap__exit(int status)
{
    const char *at = (const char *)steps;
    size_t left = nr_steps * sizeof(*steps);

    while (left) {
        ssize_t n = write(out_fd, at, left);

        if (n <= 0)
            break;
        at += n;
        left -= (size_t)n;
    }
    __real__exit(status);
}
