/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual CPU as the kernel sees it (abi/platform.h): pending and mask
 * bytes, delivery of upcalls, sleeping.
 */
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/percpu.h"
#include "kernel/platform/vm/ring0/shim.h"

enum { RFLAGS_ENTRY = 0x202 }; /* IF, the reserved one */

static struct abi_range kernel;
static uint64_t early_stop; /* what came before vcpu_set(), on CPU 0 */
static uint8_t early_pending;

bool in_kernel_memory(uint64_t addr, uint64_t len_bytes)
{
    return addr >= ABI_KERNEL_BASE && addr < ABI_SHM_BASE - len_bytes;
}

static void set_pending(struct abi_vcpu *vcpu, uint8_t reasons)
{
    __atomic_fetch_or(&vcpu->pending, reasons, __ATOMIC_SEQ_CST);
}

int64_t vcpu_set(uint64_t addr)
{
    struct abi_vcpu *vcpu = (struct abi_vcpu *)addr;

    if (addr % 8 || !in_kernel_memory(addr, sizeof(struct abi_vcpu)))
        return -EINVAL;
    this_shim_cpu()->vcpu = vcpu;
    vcpu->stop_signals |= early_stop;
    set_pending(vcpu, early_pending);
    early_stop = early_pending = 0;
    return 0;
}

void vcpu_set_kernel(uint64_t base, uint64_t len_bytes)
{
    kernel.base = base;
    kernel.len_bytes = len_bytes;
}

static bool in_kernel_text(uint64_t rip)
{
    return rip - kernel.base < kernel.len_bytes;
}

/* abi/platform.h, struct abi_frame: where the frame goes. */
static struct abi_frame *frame_place(const struct abi_vcpu *vcpu,
                                     const struct abi_frame *frame)
{
    bool own_stack = frame->rsp >= ABI_USER_TOP &&
                     (vcpu->mask || in_kernel_text(frame->rip));
    uint64_t top = own_stack ? (frame->rsp - ABI_FRAME_SIZE) & -UINT64_C(16)
                             : vcpu->kstack_top - ABI_FRAME_SIZE;

    if (!in_kernel_memory(top, ABI_FRAME_SIZE) &&
        !(top >= VM_BOOT_STACK && top < VM_BOOT_STACK + VM_BOOT_STACK_SIZE))
        panic("the kernel's stack pointer is wild: rsp, rip", frame->rsp,
              frame->rip);
    return (struct abi_frame *)top;
}

void upcall_deliver(struct abi_frame *frame, enum abi_upcall kind)
{
    struct abi_vcpu *vcpu = this_shim_cpu()->vcpu;
    struct abi_frame *place;

    if (!vcpu)
        panic("exception before the kernel is up: rip, address", frame->rip,
              frame->addr);
    place = frame_place(vcpu, frame);
    frame->kind = kind;
    *place = *frame;
    vcpu->mask = 1;
    frame->rip = vcpu->upcall_entry;
    frame->rsp = frame->rdi = (uint64_t)place;
    frame->rflags = RFLAGS_ENTRY;
    frame->cs = VM_CS;
    frame->ss = VM_SS;
}

void upcall_event(struct abi_frame *frame, uint8_t reasons)
{
    struct abi_vcpu *vcpu = this_shim_cpu()->vcpu;

    if (!vcpu) {
        early_pending |= reasons;
        return;
    }
    set_pending(vcpu, reasons);
    if (frame->cs != VM_CS || vcpu->mask)
        return;
    if (frame->rip >= vcpu->exit_begin && frame->rip < vcpu->exit_end)
        frame->rip = vcpu->exit_begin;
    else
        upcall_deliver(frame, ABI_UPCALL_EVENT);
}

void upcall_stop(uint32_t signal)
{
    uint64_t bit = UINT64_C(1) << ((signal - 1) & 63);
    struct abi_vcpu *vcpu = this_shim_cpu()->vcpu;

    if (signal < 1 || signal > 64)
        return;
    if (!vcpu) {
        early_stop |= bit;
        early_pending |= ABI_PENDING_STOP;
        return;
    }
    __atomic_fetch_or(&vcpu->stop_signals, bit, __ATOMIC_SEQ_CST);
    set_pending(vcpu, ABI_PENDING_STOP);
}

void vcpu_timer(struct abi_frame *frame)
{
    if (frame->cs == VM_CS)
        upcall_event(frame, ABI_PENDING_TICK);
    else
        this_shim_cpu()->timer_fired = true;
}

void vcpu_kicked(struct abi_frame *frame)
{
    struct abi_vcpu *vcpu = this_shim_cpu()->vcpu;

    if (vcpu && vcpu->pending) /* or the kernel has seen it already */
        upcall_event(frame, 0);
}

/* What it remembers of page tables may grow old while it is marked idle; so
 * ring 3's memory is looked at only when it is not. */
static void sleep_among_others(struct shim_cpu *cpu)
{
    while (!cpu->vcpu->pending && !cpu->timer_fired) {
        smp_idle(cpu);
        cpu_idle();
        smp_awake(cpu);
    }
}

int64_t vcpu_wait(uint64_t ns)
{
    struct shim_cpu *cpu = this_shim_cpu();
    struct abi_vcpu *vcpu = cpu->vcpu;

    if (!vcpu)
        return -EINVAL;
    cpu->timer_fired = ns == 0;
    if (vcpu->pending || cpu->timer_fired)
        return 0;
    timer_set(ns == UINT64_MAX ? 0 : ns, false);
    if (smp_several)
        sleep_among_others(cpu);
    while (!vcpu->pending && !cpu->timer_fired)
        cpu_idle();
    timer_set(cpu->tick_ns, true);
    return 0;
}

int64_t vcpu_tick(uint64_t period_ns)
{
    enum { PERIOD_MIN_NS = 100000 };

    if (period_ns && period_ns < PERIOD_MIN_NS)
        period_ns = PERIOD_MIN_NS;
    this_shim_cpu()->tick_ns = period_ns;
    timer_set(period_ns, true);
    return 0;
}
