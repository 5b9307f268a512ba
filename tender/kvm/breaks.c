/* SPDX-License-Identifier: BSD-2-Clause */
/* See breaks.h. Follows Linux's Documentation/virt/kvm/api.rst
 * (KVM_SET_GUEST_DEBUG) and the AMD64 manual, volume 2, 13.1. */
#include "tender/kvm/breaks.h"

#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>

#include "tender/kvm/gva.h"

enum { MAX_SOFT = 256, MAX_HARD = 4, INT3 = 0xcc };
enum { VEC_DEBUG = 1, VEC_INT3 = 3, VEC_INVALID = 6, STUB_BYTES = 16 };
enum { FLAG_TF = 0x100, DR6_STEP = 0x4000, DR7_GE = 0x200, DR7_FIXED = 0x400 };

static struct {
    uint64_t addr;
    uint8_t was;
    bool used;
} soft[MAX_SOFT];

static struct hard {
    uint64_t addr;
    enum break_kind kind;
    uint32_t len_bytes; /* 0: unused */
} hard[MAX_HARD];

static struct {
    enum break_go going;
    bool passing; /* one instruction of the guest's, without stopping */
} states[ABI_MAX_VCPU];

/* All have the same. */
static uint64_t cr3_of(const struct machine *m)
{
    struct kvm_sregs sregs = {0};

    ioctl(m->vcpus[0].fd, KVM_GET_SREGS, &sregs);
    return sregs.cr3;
}

/* ---- software breakpoints ----------------------------------------------- */

static int find_soft(uint64_t addr)
{
    for (int i = 0; i < MAX_SOFT; i++)
        if (soft[i].used && soft[i].addr == addr)
            return i;
    return -1;
}

static int insert_soft(struct machine *m, uint64_t addr)
{
    const uint8_t int3 = INT3;
    uint64_t cr3 = cr3_of(m);
    int i = 0;

    if (find_soft(addr) >= 0)
        return 1;
    while (i < MAX_SOFT && soft[i].used)
        i++;
    if (i == MAX_SOFT || gva_read(m, cr3, addr, &soft[i].was, 1) != 1 ||
        gva_write(m, cr3, addr, &int3, 1) != 1)
        return -1;
    soft[i].addr = addr;
    soft[i].used = true;
    return 1;
}

static int remove_soft(struct machine *m, uint64_t addr)
{
    uint64_t cr3 = cr3_of(m);
    int i = find_soft(addr);
    uint8_t now = 0;

    if (i < 0)
        return 1;
    soft[i].used = false;
    /* Unless something else is mapped there by now. */
    if (gva_read(m, cr3, addr, &now, 1) == 1 && now == INT3)
        gva_write(m, cr3, addr, &soft[i].was, 1);
    return 1;
}

void breaks_hide(uint64_t addr, uint8_t *bytes, uint64_t len_bytes)
{
    for (int i = 0; i < MAX_SOFT; i++)
        if (soft[i].used && soft[i].addr - addr < len_bytes)
            bytes[soft[i].addr - addr] = soft[i].was;
}

/* ---- the processor's four registers ------------------------------------- */

static bool is_hard(const struct hard *h, enum break_kind kind, uint64_t addr,
                    uint32_t len_bytes)
{
    return h->len_bytes == len_bytes && h->kind == kind && h->addr == addr;
}

static int insert_hard(enum break_kind kind, uint64_t addr, uint32_t len_bytes)
{
    int free_at = -1;

    if (kind == BREAK_READ) /* x86 has none that leaves writes alone */
        return 0;
    if (!len_bytes || len_bytes > 8 || len_bytes & (len_bytes - 1) ||
        addr % len_bytes)
        return -1;
    for (int i = 0; i < MAX_HARD; i++) {
        if (is_hard(&hard[i], kind, addr, len_bytes))
            return 1;
        if (!hard[i].len_bytes)
            free_at = i;
    }
    if (free_at < 0)
        return -1;
    hard[free_at] = (struct hard){addr, kind, len_bytes};
    return 1;
}

static int remove_hard(enum break_kind kind, uint64_t addr, uint32_t len_bytes)
{
    for (int i = 0; i < MAX_HARD; i++)
        if (is_hard(&hard[i], kind, addr, len_bytes))
            hard[i].len_bytes = 0;
    return 1;
}

/* DR7 (13.1.1.4): enabled, condition, length, for register i. */
static uint64_t dr7_bits(int i, enum break_kind kind, uint32_t len_bytes)
{
    static const uint8_t lengths[9] = {[1] = 0, [2] = 1, [4] = 3, [8] = 2};
    uint64_t condition = kind == BREAK_HARD ? 0 : kind == BREAK_WRITE ? 1 : 3;

    return UINT64_C(2) << 2 * i | condition << (16 + 4 * i) |
           (uint64_t)lengths[len_bytes] << (18 + 4 * i);
}

static void use_hard(struct kvm_guest_debug *d)
{
    for (int i = 0; i < MAX_HARD; i++) {
        if (!hard[i].len_bytes)
            continue;
        d->control |= KVM_GUESTDBG_USE_HW_BP;
        d->arch.debugreg[i] = hard[i].addr;
        d->arch.debugreg[7] |=
            dr7_bits(i, hard[i].kind, hard[i].len_bytes) | DR7_GE | DR7_FIXED;
    }
}

/* ---- both kinds --------------------------------------------------------- */

/* Where ring 3 runs beside KVM the processor's registers are not ours, and a
 * hardware breakpoint is one more in software. */
int breaks_insert(struct machine *m, enum break_kind kind, uint64_t addr,
                  uint32_t len_bytes)
{
    if (kind == BREAK_SOFT || (kind == BREAK_HARD && m->native_ring3))
        return insert_soft(m, addr);
    if (m->native_ring3)
        return 0;
    return insert_hard(kind, addr, kind == BREAK_HARD ? 1 : len_bytes);
}

int breaks_remove(struct machine *m, enum break_kind kind, uint64_t addr,
                  uint32_t len_bytes)
{
    if (kind == BREAK_SOFT || (kind == BREAK_HARD && m->native_ring3))
        return remove_soft(m, addr);
    if (m->native_ring3)
        return 0;
    return remove_hard(kind, addr, kind == BREAK_HARD ? 1 : len_bytes);
}

void breaks_remove_all(struct machine *m)
{
    for (int i = 0; i < MAX_SOFT; i++)
        if (soft[i].used)
            remove_soft(m, soft[i].addr);
    memset(hard, 0, sizeof(hard));
}

/* ---- going on ----------------------------------------------------------- */

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

    use_hard(&d);
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
        d.arch.debugreg[7] |= dr7_bits(i, BREAK_HARD, 1) | DR7_FIXED;
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

    for (int i = 0; i < MAX_HARD; i++)
        if (dr6 >> i & 1 && hard[i].len_bytes && hard[i].kind != BREAK_HARD) {
            why.watch = hard[i].kind;
            why.addr = hard[i].addr;
        }
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
    } else if (find_soft(e->pc) >= 0) {
        stop(v, true);
    } else { /* the program's own */
        use_hard(&d);
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
    return find_soft(*rip) >= 0;
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
    gva_read(v->m, cr3_of(v->m), regs.rsp, &p, sizeof(p));
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
