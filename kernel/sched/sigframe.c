/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal frames: pushed on the program's stack, taken back by rt_sigreturn(2).
 */
#include "kernel/sched/sigframe.h"

#include <asm/errno.h>
#include <asm/signal.h>

#include "abi/layout.h"
#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/uaccess.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/sigfpu.h"
#include "kernel/sched/sigqueue.h"
#include "lib/string.h"

enum {
    RED_ZONE = 128,
    SS_ONSTACK_FLAG = 1,
    SS_DISABLE_FLAG = 2,
};
#define SS_AUTODISARM_FLAG (1u << 31)

bool sigstack_on(const struct thread *t, uint64_t sp)
{
    if ((uint32_t)t->altstack_flags & SS_AUTODISARM_FLAG)
        return false;
    return sp > t->altstack_sp && sp - t->altstack_sp <= t->altstack_size;
}

/* sigaltstack(2): what ss_flags says now. */
int32_t sigstack_flags(const struct thread *t, uint64_t sp)
{
    if (t->altstack_size == 0)
        return SS_DISABLE_FLAG;
    return (sigstack_on(t, sp) ? SS_ONSTACK_FLAG : 0) |
           (int32_t)((uint32_t)t->altstack_flags & SS_AUTODISARM_FLAG);
}

static uint64_t choose_stack(const struct thread *t, uint64_t rsp,
                             uint64_t sa_flags)
{
    if ((sa_flags & SA_ONSTACK) && t->altstack_size && !sigstack_on(t, rsp))
        return t->altstack_sp + t->altstack_size;
    return rsp - RED_ZONE;
}

/*
 * Programs see addresses of their own text, never trampolines. A call that
 * will be made again shows the syscall instruction that it came from.
 */
static uint64_t shown_rip(const struct abi_frame *f)
{
    if (f->rip == this_cpu()->vcpu.syscall_entry)
        return mm_canonical_pc(f->rcx) - 2;
    return mm_canonical_pc(f->rip);
}

static void fill_context(struct sig_context *c, const struct abi_frame *f)
{
    *c = (struct sig_context){
        .r8 = f->r8,
        .r9 = f->r9,
        .r10 = f->r10,
        .r11 = f->r11,
        .r12 = f->r12,
        .r13 = f->r13,
        .r14 = f->r14,
        .r15 = f->r15,
        .rdi = f->rdi,
        .rsi = f->rsi,
        .rbp = f->rbp,
        .rbx = f->rbx,
        .rdx = f->rdx,
        .rax = f->rax,
        .rcx = f->rcx,
        .rsp = f->rsp,
        .eflags = f->rflags,
        .cs = 0x33, /* Linux's selectors, whatever the platform has */
        .ss = 0x2b,
        .rip = shown_rip(f),
        .resume_rip = f->rip,
    };
    c->shown_rip = c->rip;
}

/* What the processor said, for handlers of faults. */
static void fill_fault(struct sig_context *c, const struct abi_frame *f)
{
    c->trapno = f->vector;
    c->err = f->error;
    c->cr2 = f->vector == 14 ? f->addr : 0;
}

static void fill_stack(struct sig_ucontext *uc, struct thread *t, uint64_t rsp)
{
    uc->stack.sp = t->altstack_sp;
    uc->stack.size = t->altstack_size;
    uc->stack.flags = sigstack_flags(t, rsp);
    if ((uint32_t)t->altstack_flags & SS_AUTODISARM_FLAG) {
        t->altstack_sp = t->altstack_size = 0;
        t->altstack_flags = SS_DISABLE_FLAG;
    }
}

static void enter_handler(struct abi_frame *f, const struct siginfo_k *info,
                          const struct signal_action *a, uint64_t sp)
{
    f->rip = a->handler;
    f->rsp = sp;
    f->rdi = (uint64_t)info->signo;
    f->rsi = sp + offsetof(struct rt_sigframe, info);
    f->rdx = sp + offsetof(struct rt_sigframe, uc);
    f->rax = 0;
    f->rflags &= ~UINT64_C(0x10500); /* DF, TF, RF clear */
    f->kind = ABI_UPCALL_EVENT;
}

int sigframe_push(struct abi_frame *f, const struct siginfo_k *info,
                  const struct signal_action *a, sigset64_t mask)
{
    struct thread *t = current_thread();
    uint64_t sp = choose_stack(t, f->rsp, a->flags), fpstate;
    struct rt_sigframe frame = {0};
    bool is_fault = f->kind == ABI_UPCALL_EXCEPTION;
    int err;

    if (!(a->flags & SA_RESTORER))
        return -EFAULT;
    fpstate = (sp - sigfpu_size()) & ~UINT64_C(63);
    sp = ((fpstate - sizeof(frame)) & ~UINT64_C(15)) - 8;
    if (sp >= ABI_USER_TOP)
        return -EFAULT;
    frame.pretcode = a->restorer;
    frame.uc.flags = UC_XSTATE | UC_SS | UC_STRICT_SS;
    fill_stack(&frame.uc, t, f->rsp);
    fill_context(&frame.uc.mc, f);
    if (is_fault)
        fill_fault(&frame.uc.mc, f);
    frame.uc.mc.oldmask = mask;
    frame.uc.mc.fpstate = fpstate;
    frame.uc.sigmask = mask;
    err = sigfpu_push(fpstate);
    if (!err)
        err = copy_out(sp, &frame);
    if (!err)
        err = signal_copy_info(sp + offsetof(struct rt_sigframe, info), info);
    if (!err)
        enter_handler(f, info, a, sp);
    return err;
}

/* Bits of eflags that a handler may change. */
#define EFLAGS_USER UINT64_C(0x50dd5)

static void take_context(struct abi_frame *f, const struct sig_context *c)
{
    f->r8 = c->r8, f->r9 = c->r9, f->r10 = c->r10, f->r11 = c->r11;
    f->r12 = c->r12, f->r13 = c->r13, f->r14 = c->r14, f->r15 = c->r15;
    f->rdi = c->rdi, f->rsi = c->rsi, f->rbp = c->rbp, f->rbx = c->rbx;
    f->rdx = c->rdx, f->rax = c->rax, f->rcx = c->rcx, f->rsp = c->rsp;
    f->rip = c->rip == c->shown_rip ? c->resume_rip : c->rip;
    f->rflags = (f->rflags & ~EFLAGS_USER) | (c->eflags & EFLAGS_USER) | 0x202;
    f->kind = ABI_UPCALL_EVENT;
}

int sigframe_pop(struct abi_frame *f)
{
    uint64_t sp = f->rsp - 8; /* the restorer's return popped pretcode */
    struct thread *t = current_thread();
    struct rt_sigframe frame;
    int err = copy_from_user(&frame, sp, offsetof(struct rt_sigframe, info));

    if (err)
        return err;
    err = sigfpu_pop(frame.uc.mc.fpstate);
    if (err)
        return err;
    signal_set_mask(frame.uc.sigmask);
    take_context(f, &frame.uc.mc);
    sigstack_set(t, &frame.uc.stack, f->rsp);
    cpu_set_work(this_cpu());
    return 0;
}

int sigstack_set(struct thread *t, const struct sig_stack *s, uint64_t rsp)
{
    uint32_t mode = (uint32_t)s->flags & ~SS_AUTODISARM_FLAG;

    if (sigstack_on(t, rsp))
        return -EPERM;
    if (mode != 0 && mode != SS_ONSTACK_FLAG && mode != SS_DISABLE_FLAG)
        return -EINVAL;
    if (mode == SS_DISABLE_FLAG) {
        t->altstack_sp = t->altstack_size = 0;
        t->altstack_flags = SS_DISABLE_FLAG;
        return 0;
    }
    if (s->size < 2048) /* MINSIGSTKSZ */
        return -ENOMEM;
    t->altstack_sp = s->sp;
    t->altstack_size = s->size;
    t->altstack_flags = (int32_t)((uint32_t)s->flags & SS_AUTODISARM_FLAG);
    return 0;
}
