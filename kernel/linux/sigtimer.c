/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What timer_create(2) and setitimer(2) share: expiry, periods, overruns.
 */
#include "kernel/linux/sigtimer.h"

#include "kernel/linux/timespec.h"
#include "kernel/sched/thread.h"

uint64_t sigtimer_now(const struct signal_timer *t)
{
    int64_t ns = 0;

    clock_read(t->clock, &ns);
    return (uint64_t)ns;
}

/* When `expires` can have come at the earliest, on the monotonic clock. */
static uint64_t monotonic(const struct signal_timer *t)
{
    uint64_t now = sigtimer_now(t);

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
    uint64_t now = sigtimer_now(t);

    if (now >= t->expires) {
        advance(t, now);
        send(t);
    }
    if (t->expires)
        timer_set(&t->timer, monotonic(t));
}

void sigtimer_arm(struct signal_timer *t, uint64_t expires, uint64_t interval)
{
    timer_cancel(&t->timer);
    t->timer.fn = expired;
    t->expires = expires;
    t->interval = interval;
    t->overrun = 0;
    if (expires)
        timer_set(&t->timer, monotonic(t));
}

uint64_t sigtimer_left(const struct signal_timer *t)
{
    uint64_t now;

    if (!t->expires)
        return 0;
    now = sigtimer_now(t);
    return t->expires > now ? t->expires - now : 1;
}
