/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Delivery of signals on the way out to the program, and what becomes of a
 * system call that a signal interrupted.
 */
#include <asm/errno.h>
#include <asm/signal.h>

#include "kernel/arch/x86_64/arch.h"
#include "kernel/core/log.h"
#include "kernel/core/panic.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/observe.h"
#include "kernel/sched/rseq.h"
#include "kernel/sched/sigqueue.h"
#include "kernel/sched/smp.h"

static bool from_syscall(const struct abi_frame *f)
{
    return f->kind == FRAME_KIND_FAST || f->kind == ABI_UPCALL_SYSCALL;
}

/* ERESTART* or 0. */
static int restart_code(const struct abi_frame *f)
{
    int64_t rax = (int64_t)f->rax;

    if (!from_syscall(f) || rax > -ERESTARTSYS || rax < -ERESTART_RESTARTBLOCK)
        return 0;
    return (int)-rax;
}

/* The call will be made again. A patched site is entered once more through
 * the fast entry, which finds the return address in rcx as before. */
static void make_again(struct abi_frame *f)
{
    f->rax = current_thread()->syscall_nr;
    if (f->kind == FRAME_KIND_FAST)
        f->rip = this_cpu()->vcpu.syscall_entry;
    else
        f->rip -= 2;
    f->kind = ABI_UPCALL_EVENT;
}

/* A handler will run first: again only with SA_RESTART, else EINTR. */
static void restart_with_handler(struct abi_frame *f, uint64_t sa_flags)
{
    int code = restart_code(f);

    if (!code)
        return;
    current_thread()->restart_deadline_ns = 0;
    if (code == ERESTARTSYS && (sa_flags & SA_RESTART))
        make_again(f);
    else
        f->rax = (uint64_t)-EINTR;
}

static void restart_without_handler(struct abi_frame *f)
{
    int code = restart_code(f);

    if (!code)
        return;
    if (code != ERESTART_RESTARTBLOCK)
        current_thread()->restart_deadline_ns = 0;
    make_again(f);
}

static bool dumps_core(int signo)
{
    return SIGBIT(signo) & (SIGBIT(SIGQUIT) | SIGBIT(SIGILL) | SIGBIT(SIGTRAP) |
                            SIGBIT(SIGABRT) | SIGBIT(SIGBUS) | SIGBIT(SIGFPE) |
                            SIGBIT(SIGSEGV) | SIGBIT(SIGSYS) | SIGBIT(SIGXCPU) |
                            SIGBIT(SIGXFSZ));
}

static void report(const struct abi_frame *f, const struct siginfo_k *info)
{
    const struct thread *t = current_thread();

    klog(LOG_ERROR,
         "%s ended by signal %d (code %d, address %lx), thread %d \"%s\", "
         "last system call %u",
         process.exe, info->signo, info->code, info->value, t->tid, t->comm,
         t->syscall_nr);
    log_frame(f);
    if (observer.crash)
        observer.crash(f, info);
}

_Noreturn static void end_process(const struct abi_frame *f,
                                  const struct siginfo_k *info)
{
    if (dumps_core(info->signo)) {
        smp_stop_others();
        report(f, info);
    }
    process_exit(128 + info->signo);
}

static void run_handler(struct abi_frame *f, const struct siginfo_k *info)
{
    struct thread *t = current_thread();
    struct signal_action *a = signal_action(info->signo);
    struct signal_action action = *a;
    sigset64_t mask = t->restore_mask ? t->saved_mask : t->blocked;

    restart_with_handler(f, action.flags);
    if (t->rseq_area)
        rseq_interrupted(f);
    if (sigframe_push(f, info, &action, mask) < 0) {
        klog(LOG_ERROR, "no room for a signal frame at %lx", f->rsp);
        end_process(f, &(struct siginfo_k){.signo = SIGSEGV});
    }
    t->restore_mask = false;
    if (action.flags & SA_RESETHAND)
        a->handler = (uint64_t)SIG_DFL;
    mask = t->blocked | action.mask;
    if (!(action.flags & SA_NODEFER))
        mask |= SIGBIT(info->signo);
    signal_set_mask(mask);
}

void signal_deliver(struct abi_frame *f)
{
    struct thread *t = current_thread();
    struct siginfo_k info;
    bool fatal;

    if (t->killed)
        thread_exit(0);
    while (signal_waiting(t) && signal_dequeue(~t->blocked, &info)) {
        if (signal_ignored(info.signo))
            continue;
        fatal = signal_action(info.signo)->handler == (uint64_t)SIG_DFL;
        if (observer.signal)
            observer.signal(&info, fatal);
        if (fatal)
            end_process(f, &info);
        run_handler(f, &info);
    }
    restart_without_handler(f);
    if (t->restore_mask) {
        t->restore_mask = false;
        signal_set_mask(t->saved_mask);
        if (signal_waiting(t))
            signal_deliver(f);
    }
}
