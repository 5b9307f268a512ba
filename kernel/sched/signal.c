/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending, queueing and taking signals. Standard signals are pending at most
 * once, real-time signals queue up (signal(7)). Delivery is in deliver.c.
 */
#include "kernel/sched/signal.h"

#include <asm-generic/siginfo.h>
#include <asm/errno.h>
#include <asm/signal.h>

#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/sched/sigqueue.h"
#include "kernel/sched/smp.h"
#include "lib/list.h"

struct waitq signal_waitq = {LIST_INIT(signal_waitq.waiters)};

static struct signal_action actions[SIGNAL_MAX + 1];
static struct list shared_queue = LIST_INIT(shared_queue);
static sigset64_t shared_pending;
static uint32_t nr_queued;

/* SIG_DFL does nothing for these; stop and continue have no meaning for the
 * only process there is. */
static const sigset64_t default_ignored =
    SIGBIT(SIGCHLD) | SIGBIT(SIGURG) | SIGBIT(SIGWINCH) | SIGBIT(SIGCONT) |
    SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU);
static const sigset64_t stops =
    SIGBIT(SIGSTOP) | SIGBIT(SIGTSTP) | SIGBIT(SIGTTIN) | SIGBIT(SIGTTOU);

struct signal_action *signal_action(int signo)
{
    return &actions[signo];
}

bool signal_ignored(int signo)
{
    uint64_t handler = actions[signo].handler;

    return handler == (uint64_t)SIG_IGN ||
           (handler == (uint64_t)SIG_DFL && (default_ignored & SIGBIT(signo)));
}

sigset64_t signal_waiting(const struct thread *t)
{
    return (t->pending | shared_pending) & ~t->blocked;
}

bool signal_pending(void)
{
    const struct thread *t = current_thread();

    return t->killed || signal_waiting(t) != 0;
}

static int enqueue(struct list *queue, sigset64_t *pending,
                   const struct siginfo_k *info)
{
    struct sigqueue *q;

    if (info->signo < SIGRTMIN && (*pending & SIGBIT(info->signo)))
        return 0;
    if (nr_queued >= process.limits[LIMIT_SIGPENDING].soft &&
        info->signo >= SIGRTMIN)
        return -EAGAIN;
    q = kmalloc(sizeof(*q));
    if (!q)
        return -EAGAIN;
    q->info = *info;
    list_push_back(queue, &q->node);
    *pending |= SIGBIT(info->signo);
    nr_queued++;
    return 0;
}

/* Makes sure that t looks at its signals soon. */
static void notify(struct thread *t)
{
    smp_poke(t);
    if (t->state == THREAD_SLEEPING && t->interruptible)
        thread_wake(t);
}

/* A thread that takes the signal now: the current, the first, any. */
static struct thread *taker(int signo)
{
    struct thread *t = current_thread();

    if (t && t->state != THREAD_DEAD && !(t->blocked & SIGBIT(signo)))
        return t;
    list_for_each(node, &process.threads)
    {
        t = container_of(node, struct thread, all);
        if (!(t->blocked & SIGBIT(signo)))
            return t;
    }
    return NULL;
}

static bool blocked_by(const struct thread *t, int signo)
{
    return t && (t->blocked & SIGBIT(signo));
}

static bool dropped(const struct thread *target, int signo)
{
    if (stops & SIGBIT(signo) && actions[signo].handler == 0)
        klog(LOG_INFO, "stop signal %d ignored: nobody could continue us",
             signo);
    return signal_ignored(signo) && !blocked_by(target, signo);
}

int signal_send_process(const struct siginfo_k *info)
{
    struct thread *t = taker(info->signo);
    int err;

    if (dropped(t ? t : list_first(&process.threads, struct thread, all),
                info->signo))
        return 0;
    err = enqueue(&shared_queue, &shared_pending, info);
    if (t)
        notify(t);
    waitq_wake(&signal_waitq, 0);
    return err;
}

int signal_send_thread(struct thread *t, const struct siginfo_k *info)
{
    int err;

    if (dropped(t, info->signo))
        return 0;
    err = enqueue(&t->sigqueue, &t->pending, info);
    if (!blocked_by(t, info->signo))
        notify(t);
    waitq_wake(&signal_waitq, 0);
    return err;
}

void signal_fault(const struct siginfo_k *info)
{
    struct thread *t = current_thread();
    struct signal_action *a = &actions[info->signo];

    if ((t->blocked & SIGBIT(info->signo)) || a->handler == (uint64_t)SIG_IGN) {
        a->handler = (uint64_t)SIG_DFL;
        t->blocked &= ~SIGBIT(info->signo);
    }
    t->pending &= ~SIGBIT(info->signo);
    enqueue(&t->sigqueue, &t->pending, info);
    cpu_set_work(this_cpu());
}

/* Takes the first entry of signo; clears the bit when it was the last. */
static bool take(struct list *queue, sigset64_t *pending, int signo,
                 struct siginfo_k *out)
{
    struct sigqueue *found = NULL;
    bool more = false;

    list_for_each(node, queue)
    {
        struct sigqueue *q = container_of(node, struct sigqueue, node);

        if (q->info.signo != signo)
            continue;
        if (found)
            more = true;
        else
            found = q;
    }
    if (!more)
        *pending &= ~SIGBIT(signo);
    if (!found)
        return false;
    *out = found->info;
    list_remove(&found->node);
    kfree(found);
    nr_queued--;
    return true;
}

/* Faults first, as they belong to the instruction; then lowest number. */
static int choose(sigset64_t set)
{
    const sigset64_t faults = SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) |
                              SIGBIT(SIGILL) | SIGBIT(SIGTRAP) |
                              SIGBIT(SIGFPE) | SIGBIT(SIGSYS);

    return __builtin_ctzll(set & faults ? set & faults : set) + 1;
}

bool signal_dequeue(sigset64_t set, struct siginfo_k *out)
{
    struct thread *t = current_thread();

    while (set & (t->pending | shared_pending)) {
        int signo = choose(set & (t->pending | shared_pending));

        if (t->pending & SIGBIT(signo)) {
            if (take(&t->sigqueue, &t->pending, signo, out))
                return true;
        } else if (take(&shared_queue, &shared_pending, signo, out)) {
            return true;
        }
    }
    return false;
}

static void flush(struct list *queue, sigset64_t *pending, sigset64_t set)
{
    list_for_each_safe(node, queue)
    {
        struct sigqueue *q = container_of(node, struct sigqueue, node);

        if (!(set & SIGBIT(q->info.signo)))
            continue;
        list_remove(&q->node);
        kfree(q);
        nr_queued--;
    }
    *pending &= ~set;
}

void signal_thread_exit(struct thread *t)
{
    flush(&t->sigqueue, &t->pending, ~UINT64_C(0));
}

void signal_action_changed(int signo)
{
    if (!signal_ignored(signo))
        return;
    flush(&shared_queue, &shared_pending, SIGBIT(signo));
    list_for_each(node, &process.threads)
    {
        struct thread *t = container_of(node, struct thread, all);

        flush(&t->sigqueue, &t->pending, SIGBIT(signo));
    }
}

void signal_set_mask(sigset64_t mask)
{
    struct thread *t = current_thread();

    t->blocked = mask & ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
    if (signal_waiting(t))
        cpu_set_work(this_cpu());
}

void signal_set_temp_mask(sigset64_t mask)
{
    struct thread *t = current_thread();

    t->saved_mask = t->blocked;
    t->restore_mask = true;
    signal_set_mask(mask);
    cpu_set_work(this_cpu());
}

void signal_reset_handlers(void)
{
    for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
        bool ignored = actions[signo].handler == (uint64_t)SIG_IGN;

        actions[signo] = (struct signal_action){
            .handler = (uint64_t)(ignored ? SIG_IGN : SIG_DFL)};
    }
}

void signal_sets(sigset64_t *pending, sigset64_t *ignored, sigset64_t *caught)
{
    *pending = current_thread()->pending | shared_pending;
    *ignored = *caught = 0;
    for (int signo = 1; signo <= SIGNAL_MAX; signo++) {
        if (actions[signo].handler == (uint64_t)SIG_IGN)
            *ignored |= SIGBIT(signo);
        else if (actions[signo].handler != (uint64_t)SIG_DFL)
            *caught |= SIGBIT(signo);
    }
}

void signal_take_stop(uint64_t signals)
{
    for (int signo = 1; signo <= SIGNAL_MAX; signo++)
        if (signals & SIGBIT(signo))
            signal_send_process(
                &(struct siginfo_k){.signo = signo, .code = SI_USER});
}
