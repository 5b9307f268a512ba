/* SPDX-License-Identifier: BSD-2-Clause */
/* Making virtual CPUs stop and go on (breaks.h). Follows Linux's
 * Documentation/virt/kvm/api.rst (KVM_SET_GUEST_DEBUG). */
#include <signal.h>
#include <sys/ioctl.h>

#include "tender/kvm/breaks_book.h"
#include "tender/kvm/gva.h"

enum { VEC_DEBUG = 1, VEC_INT3 = 3, VEC_INVALID = 6, STUB_BYTES = 16 };
enum { FLAG_TF = 0x100 };

static struct {
    enum break_go going;
    bool passing; /* one instruction of the guest's, without stopping */
} states[ABI_MAX_VCPU];

static void set_debug(const struct vcpu *v, const struct kvm_guest_debug *d)
{
    if (ioctl(v->fd, KVM_SET_GUEST_DEBUG, d) < 0)
        say("KVM_SET_GUEST_DEBUG: %m");
}

static void set_trap_flag(const struct vcpu *v, bool on)
{
    struct kvm_regs regs;

    ioctl(v->fd, KVM_GET_REGS, &regs);
    if (!!(regs.rflags & FLAG_TF) == on)
        return;
    regs.rflags ^= FLAG_TF;
    ioctl(v->fd, KVM_SET_REGS, &regs);
}

static bool in_ring3(const struct vcpu *v)
{
    struct kvm_sregs sregs = {0};

    ioctl(v->fd, KVM_GET_SREGS, &sregs);
    return sregs.ss.dpl == 3;
}

/* The processor does it all. */
static void arm_processor(struct vcpu *v, enum break_go go)
{
    struct kvm_guest_debug d = {.control = KVM_GUESTDBG_ENABLE |
                                           KVM_GUESTDBG_USE_SW_BP};

    breaks_use_hard(&d);
    if (go == BREAK_STEP)
        d.control |= KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_BLOCKIRQ;
    set_debug(v, &d);
}

/* KVM watches ring 0 only: there stand the guest's handlers of what happens in
 * ring 3. A trap flag is the processor's own. */
static void arm_handlers(struct vcpu *v, enum break_go go)
{
    static const uint8_t vectors[] = {VEC_DEBUG, VEC_INT3, VEC_INVALID};
    struct kvm_guest_debug d = {.control = KVM_GUESTDBG_ENABLE |
                                           KVM_GUESTDBG_USE_HW_BP};
    bool ring3 = in_ring3(v);

    for (int i = 0; i < 3; i++) {
        d.arch.debugreg[i] = v->m->note.trap_stubs + STUB_BYTES * vectors[i];
        d.arch.debugreg[7] |= breaks_dr7(i);
    }
    if (go == BREAK_STEP && !ring3)
        d.control |= KVM_GUESTDBG_SINGLESTEP;
    else if (go == BREAK_STEP) /* or the thread may end it on another CPU */
        d.control |= KVM_GUESTDBG_BLOCKIRQ;
    set_debug(v, &d);
    if (ring3)
        set_trap_flag(v, go == BREAK_STEP);
}

void breaks_arm(struct vcpu *v, enum break_go go)
{
    const struct kvm_guest_debug off = {0};

    states[v->index].going = go;
    states[v->index].passing = false;
    if (go == BREAK_OFF) {
        set_debug(v, &off);
        if (v->m->native_ring3 && in_ring3(v))
            set_trap_flag(v, false);
    } else if (v->m->native_ring3) {
        arm_handlers(v, go);
    } else {
        arm_processor(v, go);
    }
}

/* ---- what KVM_RUN ended with -------------------------------------------- */

static void stop(struct vcpu *v, bool at_soft)
{
    hold_here(v, (struct hold_why){.signal = SIGTRAP, .soft = at_soft});
}

static void stop_at_hard(struct vcpu *v, uint64_t dr6)
{
    struct hold_why why = {.signal = SIGTRAP};

    breaks_hard_met(dr6, &why);
    hold_here(v, why);
}

static void processor_exit(struct vcpu *v)
{
    const struct kvm_debug_exit_arch *e = &v->run->debug.arch;
    struct kvm_guest_debug d = {.control = KVM_GUESTDBG_ENABLE |
                                           KVM_GUESTDBG_USE_SW_BP |
                                           KVM_GUESTDBG_INJECT_BP};

    if (e->exception != VEC_INT3) {
        stop_at_hard(v, e->dr6);
    } else if (breaks_soft_at(e->pc)) {
        stop(v, true);
    } else { /* the program's own */
        breaks_use_hard(&d);
        set_debug(v, &d);
    }
}

/* What the processor pushed, and how ring 3 is restored from it. */
struct pushed {
    uint64_t rip, cs, rflags, rsp, ss;
};

static struct kvm_segment user_segment(uint64_t selector, uint8_t type)
{
    return (struct kvm_segment){
        .limit = 0xffffffff,
        .selector = (uint16_t)(selector | 3),
        .type = type,
        .present = 1,
        .s = 1,
        .g = 1,
        .dpl = 3,
        .l = type == 0xb,
        .db = type != 0xb,
    };
}

static void take_back(const struct vcpu *v, const struct pushed *p,
                      uint64_t rip)
{
    struct kvm_sregs sregs;
    struct kvm_regs regs;

    ioctl(v->fd, KVM_GET_SREGS, &sregs);
    ioctl(v->fd, KVM_GET_REGS, &regs);
    sregs.cs = user_segment(p->cs, 0xb);
    sregs.ss = user_segment(p->ss, 3);
    regs.rip = rip;
    regs.rsp = p->rsp;
    regs.rflags = p->rflags & ~(uint64_t)FLAG_TF;
    ioctl(v->fd, KVM_SET_SREGS, &sregs);
    ioctl(v->fd, KVM_SET_REGS, &regs);
}

/* Into the handler: it is the guest's own exception. */
static void pass(struct vcpu *v)
{
    const struct kvm_guest_debug d = {.control = KVM_GUESTDBG_ENABLE |
                                                 KVM_GUESTDBG_SINGLESTEP};

    set_debug(v, &d);
    states[v->index].passing = true;
}

/* A step that is under way ends where the handler returns to: the trap flag
 * lies in what the processor pushed. */
static void go_on_in_handler(struct vcpu *v)
{
    enum break_go wanted = states[v->index].going;

    breaks_arm(v, BREAK_GO);
    states[v->index].going = wanted;
}

/* The address of the breakpoint that led to this handler, or of the step's
 * end; false: neither. */
static bool is_ours(uint64_t vector, const struct pushed *p, uint64_t *rip)
{
    *rip = vector == VEC_INT3 ? p->rip - 1 : p->rip;
    if (vector == VEC_DEBUG)
        return true;
    return breaks_soft_at(*rip);
}

static void handler_exit(struct vcpu *v)
{
    uint64_t pc = v->run->debug.arch.pc, rip;
    uint64_t vector = (pc - v->m->note.trap_stubs) / STUB_BYTES;
    struct pushed p = {0};
    struct kvm_regs regs;

    if (states[v->index].passing) {
        go_on_in_handler(v);
        return;
    }
    if (pc < v->m->note.trap_stubs || vector > VEC_INVALID) {
        stop(v, false); /* a step in ring 0 */
        return;
    }
    ioctl(v->fd, KVM_GET_REGS, &regs);
    gva_read(v->m, breaks_cr3(v), regs.rsp, &p, sizeof(p));
    if (!(p.ss & 3) || !is_ours(vector, &p, &rip)) {
        pass(v);
        return;
    }
    take_back(v, &p, rip);
    if (vector == VEC_DEBUG && states[v->index].going != BREAK_STEP)
        breaks_arm(v, states[v->index]
                          .going); /* what an old step left in a saved frame */
    else
        stop(v, vector != VEC_DEBUG);
}

void breaks_exit(struct vcpu *v)
{
    if (v->m->native_ring3)
        handler_exit(v);
    else
        processor_exit(v);
}
