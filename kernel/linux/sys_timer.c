/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timer_create(2) and relatives.
 */
#include <asm-generic/siginfo.h>
#include <asm/errno.h>
#include <asm/signal.h>

#include "kernel/core/alloc.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/sigtimer.h"
#include "kernel/linux/timespec.h"

enum { NR_TIMERS_MAX = 4096, ABSTIME = 1 };

static struct list timers = LIST_INIT(timers);
static int32_t next_id;
static uint32_t nr_timers;

static struct signal_timer *find(uint64_t id)
{
    list_for_each(node, &timers)
    {
        struct signal_timer *t = container_of(node, struct signal_timer, node);

        if (t->id == (int32_t)id)
            return t;
    }
    return NULL;
}

struct ksigevent {
    uint64_t value;
    int32_t signo, notify, tid;
    uint8_t rest[44];
};
_Static_assert(sizeof(struct ksigevent) == 64, "sigevent");

static int apply_event(struct signal_timer *t, const struct ksigevent *ev)
{
    t->info = (struct siginfo_k){
        .signo = ev->signo, .code = SI_TIMER, .value = ev->value};
    switch (ev->notify) {
    case SIGEV_NONE:
        t->info.signo = 0;
        return 0;
    case SIGEV_THREAD_ID:
        t->tid = ev->tid;
        if (!thread_find(ev->tid))
            return -EINVAL;
        break;
    case SIGEV_SIGNAL:
    case SIGEV_THREAD: /* the C library uses SIGEV_THREAD_ID for it */
        break;
    default:
        return -EINVAL;
    }
    return ev->signo >= 1 && ev->signo <= SIGNAL_MAX ? 0 : -EINVAL;
}

int64_t sys_timer_create(struct abi_frame *r)
{
    struct ksigevent ev = {.signo = SIGALRM, .notify = SIGEV_SIGNAL};
    struct signal_timer *t;
    int64_t ns;
    int err = clock_read((int32_t)r->rdi, &ns);

    if (err)
        return err;
    if (!clock_has_timers((int32_t)r->rdi))
        return -EOPNOTSUPP;
    if (r->rsi && copy_in(&ev, r->rsi) < 0)
        return -EFAULT;
    if (nr_timers >= NR_TIMERS_MAX || !(t = kzalloc(sizeof(*t))))
        return -EAGAIN;
    t->clock = (int32_t)r->rdi;
    t->id = next_id;
    if (!r->rsi)
        ev.value = (uint64_t)t->id;
    err = apply_event(t, &ev);
    t->info.timer_id = t->id;
    if (!err)
        err = copy_out(r->rdx, &t->id);
    if (err) {
        kfree(t);
        return err;
    }
    next_id++;
    nr_timers++;
    list_push_back(&timers, &t->node);
    return 0;
}

/* struct itimerspec: interval, then value. */
static int put_spec(uint64_t addr, uint64_t interval, uint64_t value)
{
    int err = timespec_to_user(addr, interval);

    return err ? err : timespec_to_user(addr + 16, value);
}

int64_t sys_timer_gettime(struct abi_frame *r)
{
    const struct signal_timer *t = find(r->rdi);

    return t ? put_spec(r->rsi, t->interval, sigtimer_left(t)) : -EINVAL;
}

int64_t sys_timer_settime(struct abi_frame *r)
{
    struct signal_timer *t = find(r->rdi);
    uint64_t interval, value, old_interval, old_value;
    int err;

    if (!t || !r->rdx)
        return -EINVAL;
    err = timespec_from_user(r->rdx, &interval);
    if (!err)
        err = timespec_from_user(r->rdx + 16, &value);
    if (err)
        return err;
    old_interval = t->interval;
    old_value = sigtimer_left(t);
    if (value && !(r->rsi & ABSTIME))
        value += sigtimer_now(t);
    sigtimer_arm(t, value, interval);
    return r->r10 ? put_spec(r->r10, old_interval, old_value) : 0;
}

int64_t sys_timer_getoverrun(struct abi_frame *r)
{
    const struct signal_timer *t = find(r->rdi);

    return t ? t->overrun : -EINVAL;
}

int64_t sys_timer_delete(struct abi_frame *r)
{
    struct signal_timer *t = find(r->rdi);

    if (!t)
        return -EINVAL;
    timer_cancel(&t->timer);
    list_remove(&t->node);
    nr_timers--;
    kfree(t);
    return 0;
}

void timers_exec(void)
{
    struct list *node;

    while ((node = list_pop_front(&timers))) {
        struct signal_timer *t = container_of(node, struct signal_timer, node);

        timer_cancel(&t->timer);
        kfree(t);
    }
    nr_timers = 0;
    next_id = 0;
}
