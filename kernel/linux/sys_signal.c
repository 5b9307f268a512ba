/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signal calls: sigaction(2), sigprocmask(2), sigreturn(2), sigaltstack(2),
 * sigtimedwait(2), sigsuspend(2), kill(2), tgkill(2), rt_sigqueueinfo(2).
 */
#include <asm-generic/siginfo.h>
#include <asm/errno.h>
#include <asm/signal.h>

#include "kernel/core/log.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/timespec.h"
#include "kernel/sched/sigframe.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/sigqueue.h"

/* The kernel's struct sigaction. */
struct ksigaction {
    uint64_t handler, flags, restorer;
    sigset64_t mask;
};

static bool valid(uint64_t signo)
{
    return (uint32_t)signo >= 1 && (uint32_t)signo <= SIGNAL_MAX;
}

int64_t sys_rt_sigaction(struct abi_frame *r)
{
    struct ksigaction act;
    struct signal_action *a, old;
    int signo = (int32_t)r->rdi;

    if (r->r10 != sizeof(sigset64_t) || !valid(r->rdi))
        return -EINVAL;
    if (r->rsi && (signo == SIGKILL || signo == SIGSTOP))
        return -EINVAL;
    if (r->rsi && copy_in(&act, r->rsi) < 0)
        return -EFAULT;
    a = signal_action(signo);
    old = *a;
    if (r->rsi) {
        a->handler = act.handler;
        a->flags = (uint32_t)act.flags; /* may come sign-extended */
        a->restorer = act.restorer;
        a->mask = act.mask & ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
        signal_action_changed(signo);
    }
    if (!r->rdx)
        return 0;
    act = (struct ksigaction){old.handler, old.flags, old.restorer, old.mask};
    return copy_out(r->rdx, &act);
}

int64_t sys_rt_sigprocmask(struct abi_frame *r)
{
    struct thread *t = current_thread();
    sigset64_t set, old = t->blocked;

    if (r->r10 != sizeof(sigset64_t))
        return -EINVAL;
    if (r->rsi) {
        if (copy_in(&set, r->rsi) < 0)
            return -EFAULT;
        switch ((int32_t)r->rdi) {
        case SIG_BLOCK:
            signal_set_mask(old | set);
            break;
        case SIG_UNBLOCK:
            signal_set_mask(old & ~set);
            break;
        case SIG_SETMASK:
            signal_set_mask(set);
            break;
        default:
            return -EINVAL;
        }
    }
    return r->rdx ? copy_out(r->rdx, &old) : 0;
}

/* The frame holds every register, rax too: what is returned here is just
 * that. A bad frame is fatal, as on Linux. */
int64_t sys_rt_sigreturn(struct abi_frame *r)
{
    if (sigframe_pop(r) < 0)
        signal_fault(&(struct siginfo_k){.signo = SIGSEGV, .code = SI_KERNEL});
    return (int64_t)r->rax;
}

int64_t sys_rt_sigpending(struct abi_frame *r)
{
    sigset64_t pending, ignored, caught;

    if (r->rsi > sizeof(sigset64_t))
        return -EINVAL;
    signal_sets(&pending, &ignored, &caught);
    pending &= current_thread()->blocked;
    return copy_to_user(r->rdi, &pending, r->rsi);
}

static bool take(sigset64_t set, struct siginfo_k *info, bool *got)
{
    *got = *got || signal_dequeue(set, info);
    return *got;
}

/* The signals waited for must wake us even while they are blocked: the wait
 * queue does; and they must not end the wait as an interruption. */
int64_t sys_rt_sigtimedwait(struct abi_frame *r)
{
    struct thread *t = current_thread();
    sigset64_t set, blocked = t->blocked;
    uint64_t deadline = NO_DEADLINE;
    struct siginfo_k info = {0};
    bool got = false;
    int err = 0;

    if (r->r10 != sizeof(sigset64_t))
        return -EINVAL;
    if (copy_in(&set, r->rdi) < 0)
        return -EFAULT;
    set &= ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
    if (r->rdx)
        err = deadline_from_user(r->rdx, CLOCK_ID_MONOTONIC, false, &deadline);
    if (err)
        return err;
    t->blocked |= set;
    WAIT(&signal_waitq, deadline, err, take(set, &info, &got));
    signal_set_mask(blocked);
    if (err)
        return err == -ETIMEDOUT ? -EAGAIN : -EINTR;
    if (r->rsi && signal_copy_info(r->rsi, &info) < 0)
        return -EFAULT;
    return info.signo;
}

int64_t sys_rt_sigsuspend(struct abi_frame *r)
{
    sigset64_t set;

    if (r->rsi != sizeof(sigset64_t))
        return -EINVAL;
    if (copy_in(&set, r->rdi) < 0)
        return -EFAULT;
    signal_set_temp_mask(set);
    while (thread_sleep(NO_DEADLINE) != -ERESTARTSYS)
        ;
    return -ERESTARTNOHAND;
}

int64_t sys_pause(struct abi_frame *r)
{
    (void)r;
    while (thread_sleep(NO_DEADLINE) != -ERESTARTSYS)
        ;
    return -ERESTARTNOHAND;
}

int64_t sys_sigaltstack(struct abi_frame *r)
{
    struct thread *t = current_thread();
    struct sig_stack s, old = {.sp = t->altstack_sp,
                               .size = t->altstack_size,
                               .flags = sigstack_flags(t, r->rsp)};
    int err;

    if (r->rdi) {
        if (copy_in(&s, r->rdi) < 0)
            return -EFAULT;
        err = sigstack_set(t, &s, r->rsp);
        if (err)
            return err;
    }
    return r->rsi ? copy_out(r->rsi, &old) : 0;
}

static struct siginfo_k from_us(uint64_t signo, int code)
{
    return (struct siginfo_k){.signo = (int32_t)signo,
                              .code = code,
                              .pid = 1,
                              .uid = (int32_t)process.uid};
}

/* Everybody is process 1, group 1 or -1, "all but init", which is nobody. */
int64_t sys_kill(struct abi_frame *r)
{
    struct siginfo_k info = from_us(r->rsi, SI_USER);
    int32_t pid = (int32_t)r->rdi;

    if ((uint32_t)r->rsi > SIGNAL_MAX)
        return -EINVAL;
    if (pid != 1 && pid != 0 && pid != -1)
        return -ESRCH;
    return info.signo ? signal_send_process(&info) : 0;
}

static int64_t to_thread(int32_t tid, const struct siginfo_k *info)
{
    struct thread *t = thread_find(tid);

    if (tid <= 0 || (uint32_t)info->signo > SIGNAL_MAX)
        return -EINVAL;
    if (!t)
        return -ESRCH;
    return info->signo ? signal_send_thread(t, info) : 0;
}

int64_t sys_tkill(struct abi_frame *r)
{
    struct siginfo_k info = from_us(r->rsi, SI_TKILL);

    return to_thread((int32_t)r->rdi, &info);
}

int64_t sys_tgkill(struct abi_frame *r)
{
    struct siginfo_k info = from_us(r->rdx, SI_TKILL);

    if ((int32_t)r->rdi <= 0)
        return -EINVAL;
    return (int32_t)r->rdi == 1 ? to_thread((int32_t)r->rsi, &info) : -ESRCH;
}

/* The caller fills siginfo_t itself, but may not pretend to be the kernel. */
static int queue_info(uint64_t addr, uint64_t signo, struct siginfo_k *info)
{
    struct {
        int32_t signo, errno_, code, pad, pid, uid;
        uint64_t value;
    } s;

    if (copy_in(&s, addr) < 0)
        return -EFAULT;
    *info = (struct siginfo_k){.signo = (int32_t)signo,
                               .errno_ = s.errno_,
                               .code = s.code,
                               .pid = s.pid,
                               .uid = s.uid,
                               .value = s.value};
    return 0;
}

int64_t sys_rt_sigqueueinfo(struct abi_frame *r)
{
    struct siginfo_k info;
    int err = queue_info(r->rdx, r->rsi, &info);

    if (err)
        return err;
    if ((uint32_t)r->rsi > SIGNAL_MAX)
        return -EINVAL;
    if ((int32_t)r->rdi != 1)
        return -ESRCH;
    return info.signo ? signal_send_process(&info) : 0;
}

int64_t sys_rt_tgsigqueueinfo(struct abi_frame *r)
{
    struct siginfo_k info;
    int err = queue_info(r->r10, r->rdx, &info);

    if (err)
        return err;
    if ((int32_t)r->rdi != 1)
        return (int32_t)r->rdi <= 0 ? -EINVAL : -ESRCH;
    return to_thread((int32_t)r->rsi, &info);
}
