/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers that send signals: timer_create(2) and relatives, setitimer(2),
 * alarm(2). Timers on CPU clocks look at the clock when it could have come so
 * far at the earliest, and again.
 */
#include <asm-generic/siginfo.h>
#include <asm/errno.h>
#include <asm/signal.h>

#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/uaccess.h"
#include "kernel/linux/calls.h"
#include "kernel/linux/timespec.h"
#include "kernel/sched/signal.h"
#include "lib/list.h"

enum { NR_TIMERS_MAX = 4096, ITIMER_KINDS = 3, ABSTIME = 1 };

struct signal_timer {
    struct list node; /* all made by timer_create */
    struct timer timer;
    int32_t id;
    int32_t clock;
    uint64_t expires, interval; /* on `clock` (0: disarmed), its units */
    struct siginfo_k info;      /* signo 0: SIGEV_NONE */
    int32_t tid;                /* SIGEV_THREAD_ID, else 0 */
    int32_t overrun;
};

static struct list timers = LIST_INIT(timers);
static int32_t next_id;
static uint32_t nr_timers;

static uint64_t clock_now(const struct signal_timer *t)
{
    int64_t ns = 0;

    clock_read(t->clock, &ns);
    return (uint64_t)ns;
}

/* When `expires` can have come at the earliest, on the monotonic clock. */
static uint64_t monotonic(const struct signal_timer *t)
{
    uint64_t now = clock_now(t);

    return clock_mono_ns() + (t->expires > now ? t->expires - now : 0);
}

/* Move on to the next expiry after now; the periods missed are overruns. */
static void advance(struct signal_timer *t, uint64_t now)
{
    uint64_t periods;

    t->overrun = 0;
    if (!t->interval) {
        t->expires = 0;
        return;
    }
    periods = (now - t->expires) / t->interval;
    t->overrun = periods > INT32_MAX ? INT32_MAX : (int32_t)periods;
    t->expires += (periods + 1) * t->interval;
}

static void send(struct signal_timer *t)
{
    struct thread *to = t->tid ? thread_find(t->tid) : NULL;

    if (!t->info.signo || (t->tid && !to))
        return;
    t->info.overrun = t->overrun;
    if (to)
        signal_send_thread(to, &t->info);
    else
        signal_send_process(&t->info);
}

static void expired(struct timer *timer)
{
    struct signal_timer *t = container_of(timer, struct signal_timer, timer);
    uint64_t now = clock_now(t);

    if (now >= t->expires) {
        advance(t, now);
        send(t);
    }
    if (t->expires)
        timer_set(&t->timer, monotonic(t));
}

static void arm(struct signal_timer *t, uint64_t expires, uint64_t interval)
{
    timer_cancel(&t->timer);
    t->timer.fn = expired;
    t->expires = expires;
    t->interval = interval;
    t->overrun = 0;
    if (expires)
        timer_set(&t->timer, monotonic(t));
}

static uint64_t left(const struct signal_timer *t)
{
    uint64_t now;

    if (!t->expires)
        return 0;
    now = clock_now(t);
    return t->expires > now ? t->expires - now : 1;
}

/* ---- timer_create ------------------------------------------------------- */

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

    return t ? put_spec(r->rsi, t->interval, left(t)) : -EINVAL;
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
    old_value = left(t);
    if (value && !(r->rsi & ABSTIME))
        value += clock_now(t);
    arm(t, value, interval);
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

/* ---- setitimer ---------------------------------------------------------- */

static struct signal_timer itimers[ITIMER_KINDS] = {
    {.clock = CLOCK_ID_MONOTONIC, .info = {.signo = SIGALRM}},
    {.clock = CLOCK_ID_PROCESS_CPU, .info = {.signo = SIGVTALRM}},
    {.clock = CLOCK_ID_PROCESS_CPU, .info = {.signo = SIGPROF}},
};

static int put_itimerval(uint64_t addr, uint64_t interval, uint64_t value)
{
    int err = timeval_to_user(addr, interval);

    /* A timer that is on never reads zero. */
    return err ? err
               : timeval_to_user(addr + 16,
                                 value && value < 1000 ? 1000 : value);
}

int64_t sys_getitimer(struct abi_frame *r)
{
    if (r->rdi >= ITIMER_KINDS)
        return -EINVAL;
    return put_itimerval(r->rsi, itimers[r->rdi].interval,
                         left(&itimers[r->rdi]));
}

int64_t sys_setitimer(struct abi_frame *r)
{
    uint64_t interval = 0, value = 0, old_interval, old_value;
    struct signal_timer *t;
    int err = 0;

    if (r->rdi >= ITIMER_KINDS)
        return -EINVAL;
    t = &itimers[r->rdi];
    if (r->rsi)
        err = timeval_from_user(r->rsi, &interval);
    if (r->rsi && !err)
        err = timeval_from_user(r->rsi + 16, &value);
    if (err)
        return err;
    old_interval = t->interval;
    old_value = left(t);
    t->info.code = SI_KERNEL;
    arm(t, value ? clock_now(t) + value : 0, interval);
    return r->rdx ? put_itimerval(r->rdx, old_interval, old_value) : 0;
}

int64_t sys_alarm(struct abi_frame *r)
{
    struct signal_timer *t = &itimers[0];
    uint64_t before = left(t), seconds = (uint32_t)r->rdi;

    t->info.code = SI_KERNEL;
    arm(t, seconds ? clock_now(t) + seconds * NSEC_PER_SEC : 0, 0);
    return (int64_t)((before + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}
