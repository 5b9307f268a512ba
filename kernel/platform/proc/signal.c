/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host signals become upcalls. A handler runs on the CPU's signal stack with
 * the host's frame before it; it copies the interrupted registers to the
 * kernel's stack, turns the host's frame into one that continues at the
 * kernel's upcall entry, and returns. So the signal stack is free again, and
 * vector registers and segment bases stay those of the interrupted context.
 *
 * Events are blocked by the host while any handler runs (sa_mask); the
 * exceptions never are, and one inside the gate is a bug of the kernel's.
 */
#include "abi/handover.h"
#include "kernel/platform/proc/gate.h"

/* clang-format off: Linux's headers need this order */
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
/* clang-format on */

enum {
    VECTOR_GP = 13,
    VECTOR_PF = 14,
    VECTOR_MC = 18,
    USER_CS = 0x33,
    USER_SS = 0x2b,
    FLAGS_CLEAN = 0x202, /* interrupts on, all else clear (DF, TF, AC) */
    AUDIT_X86_64 = (int)0xc000003e,
};

static struct gate_cpu *cpu_of_stack(void)
{
    uint64_t here = (uint64_t)__builtin_frame_address(0);

    return &((struct gate_cpu_area *)(here & -(uint64_t)GATE_CPU_AREA))->cpu;
}

static int in_gate(uint64_t rip)
{
    return (rip >= (uint64_t)gate_begin && rip < (uint64_t)gate_end) ||
           (rip >= gate.vdso_begin && rip < gate.vdso_end);
}

static int in_kernel(uint64_t rip)
{
    return rip - gate.boot.kernel.base < gate.boot.kernel.len_bytes;
}

/* abi/platform.h, struct abi_frame: where the frame goes. */
static struct abi_frame *frame_place(const struct abi_vcpu *vcpu,
                                     const struct sigcontext *sc)
{
    int on_kernel_stack =
        sc->rsp >= ABI_USER_TOP && (vcpu->mask || in_kernel(sc->rip));

    if (!on_kernel_stack)
        return (struct abi_frame *)(vcpu->kstack_top - ABI_FRAME_SIZE);
    return (struct abi_frame *)((sc->rsp - ABI_FRAME_SIZE) & -UINT64_C(16));
}

static void save(struct abi_frame *f, const struct sigcontext *sc)
{
    f->r15 = sc->r15;
    f->r14 = sc->r14;
    f->r13 = sc->r13;
    f->r12 = sc->r12;
    f->rbp = sc->rbp;
    f->rbx = sc->rbx;
    f->r11 = sc->r11;
    f->r10 = sc->r10;
    f->r9 = sc->r9;
    f->r8 = sc->r8;
    f->rax = sc->rax;
    f->rcx = sc->rcx;
    f->rdx = sc->rdx;
    f->rsi = sc->rsi;
    f->rdi = sc->rdi;
    f->rip = sc->rip;
    f->cs = sc->cs;
    f->rflags = sc->eflags;
    f->rsp = sc->rsp;
    f->ss = sc->ss;
}

static struct abi_frame *upcall(struct abi_vcpu *vcpu, struct sigcontext *sc,
                                enum abi_upcall kind)
{
    struct abi_frame *f = frame_place(vcpu, sc);

    save(f, sc);
    f->kind = kind;
    f->addr = 0;
    f->vector = 0;
    f->error = 0;
    vcpu->mask = 1;
    sc->rip = vcpu->upcall_entry;
    sc->rdi = (uint64_t)f;
    sc->rsp = (uint64_t)f;
    sc->eflags = FLAGS_CLEAN;
    sc->cs = USER_CS;
    sc->ss = USER_SS;
    return f;
}

static void event(struct gate_cpu *cpu, struct sigcontext *sc, uint8_t reason)
{
    struct abi_vcpu *vcpu = cpu->vcpu;

    if (!vcpu) {
        cpu->early_pending |= reason;
        return;
    }
    __atomic_fetch_or(&vcpu->pending, reason, __ATOMIC_SEQ_CST);
    if (in_gate(sc->rip)) {
        if (sc->rip >= (uint64_t)gate_ppoll_begin &&
            sc->rip < (uint64_t)gate_ppoll_end)
            sc->rip = (uint64_t)gate_ppoll_out;
        return;
    }
    if (vcpu->mask)
        return;
    if (sc->rip >= vcpu->exit_begin && sc->rip < vcpu->exit_end)
        sc->rip = vcpu->exit_begin;
    else
        upcall(vcpu, sc, ABI_UPCALL_EVENT);
}

static void stop(struct gate_cpu *cpu, struct sigcontext *sc, int sig)
{
    uint64_t bit = UINT64_C(1) << (sig - 1);

    if (cpu->vcpu)
        __atomic_fetch_or(&cpu->vcpu->stop_signals, bit, __ATOMIC_SEQ_CST);
    else
        cpu->early_stop |= bit;
    event(cpu, sc, ABI_PENDING_STOP);
}

/* The number that a queued signal carries; whoever queued it is outside. */
static int meant(int sig, const siginfo_t *si)
{
    int carried = si->si_value.sival_int;

    if (sig != HANDOVER_SIGNAL || si->si_code != SI_QUEUE)
        return sig;
    return carried >= HANDOVER_SIGNAL_FIRST && carried <= HANDOVER_SIGNAL
               ? carried
               : sig;
}

void gate_on_event(int sig, void *info, void *context)
{
    const siginfo_t *si = info;
    struct sigcontext *sc = &((struct ucontext *)context)->uc_mcontext;
    struct gate_cpu *cpu = cpu_of_stack();

    if (sig == GATE_SIG_TICK && si->si_code == SI_TIMER)
        event(cpu, sc, ABI_PENDING_TICK);
    else if (sig == GATE_SIG_KICK && si->si_code == SI_TKILL)
        event(cpu, sc, ABI_PENDING_KICK);
    else
        stop(cpu, sc, meant(sig, si));
}

/* The host's fast clock fell back to its system call, which the cage traps:
 * make the call for it, and do not come back. */
static void serve_vdso(struct sigcontext *sc)
{
    gate.vdso_clock_gettime = NULL;
    sc->rax = (uint64_t)hostcall2(__NR_clock_gettime, sc->rdi, sc->rsi);
}

static void on_sigsys(struct abi_vcpu *vcpu, const siginfo_t *si,
                      struct sigcontext *sc)
{
    struct abi_frame *f;

    if (sc->rip >= gate.vdso_begin && sc->rip < gate.vdso_end &&
        si->si_syscall == __NR_clock_gettime) {
        serve_vdso(sc);
    } else if (si->si_arch == (unsigned int)AUDIT_X86_64) {
        upcall(vcpu, sc, ABI_UPCALL_SYSCALL);
    } else { /* int $0x80: no such gate here */
        f = upcall(vcpu, sc, ABI_UPCALL_EXCEPTION);
        f->vector = VECTOR_GP;
        f->error = 0x80 * 8 + 2;
        f->rip -= 2;
    }
}

void gate_on_exception(int sig, void *info, void *context)
{
    const siginfo_t *si = info;
    struct sigcontext *sc = &((struct ucontext *)context)->uc_mcontext;
    struct gate_cpu *cpu = cpu_of_stack();
    struct abi_frame *f;
    uint64_t trapno = sc->trapno, error = sc->err, addr = sc->cr2;

    if (si->si_code <= 0) { /* kill(2), not an exception */
        stop(cpu, sc, sig);
        return;
    }
    if (!cpu->vcpu)
        gate_panic("exception before vcpu_init()", sc->rip, addr);
    if (sig == SIGSYS) {
        on_sigsys(cpu->vcpu, si, sc);
        return;
    }
    if (in_gate(sc->rip))
        gate_panic("exception inside a platform call", sc->rip, addr);
    f = upcall(cpu->vcpu, sc, ABI_UPCALL_EXCEPTION);
    /* A page the host has, but cannot give (the file shrank, bad memory). */
    if (sig == SIGBUS && trapno == VECTOR_PF)
        trapno = VECTOR_MC;
    f->vector = (uint32_t)trapno;
    f->error = (uint32_t)error;
    f->addr = trapno == VECTOR_PF ? addr : 0;
}
