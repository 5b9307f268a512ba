/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection's deadlines on one kernel timer. A deadline that moves away
 * leaves the timer alone: it finds out when it fires, which costs less than
 * moving it with each acknowledgement.
 */
#include <linux/errno.h>

#include "kernel/net/tcp/conn.h"

void conn_arm(struct conn *c, enum conn_timer which, uint64_t when_ns)
{
    c->due_ns[which] = when_ns;
    if (!timer_armed(&c->timer) || when_ns < c->timer.deadline_ns)
        timer_set(&c->timer, when_ns);
}

void conn_arm_resend(struct conn *c, uint64_t now)
{
    conn_arm(c, TIMER_RESEND, now + c->rto_ns);
}

static void on_resend(struct conn *c, uint64_t now)
{
    if (c->state == STREAM_SYN_SENT || c->state == STREAM_SYN_RECV)
        conn_syn_timeout(c, now);
    else if (c->snd_nxt != c->snd_una)
        recovery_timeout(c, now);
    else if (c->blocked)
        conn_resume(c, now);
    else if (c->write_seq != c->snd_una)
        persist_timeout(c, now);
}

static void on_reorder(struct conn *c, uint64_t now)
{
    struct delivery none = {.flight = conn_in_flight(c)};

    if (!rack_detect(c, now))
        return;
    recovery_step(c, NULL, &none, true, now);
    conn_output(c, now);
}

static void on_ack(struct conn *c, uint64_t now)
{
    c->answers = false; /* none came in time */
    c->quick_acks = 4;
    conn_send_ack(c, now);
}

static void on_cork(struct conn *c, uint64_t now)
{
    c->cork_over = true;
    conn_output(c, now);
}

static void on_pace(struct conn *c, uint64_t now)
{
    conn_output(c, now);
}

static void on_end(struct conn *c, uint64_t now)
{
    if (c->state == STREAM_FIN_WAIT2)
        conn_time_wait(c, now);
}

static void (*const handlers[NR_TIMERS])(struct conn *c, uint64_t now) = {
    [TIMER_RESEND] = on_resend,   [TIMER_PROBE] = probe_timeout,
    [TIMER_REORDER] = on_reorder, [TIMER_ACK] = on_ack,
    [TIMER_KEEP] = keep_timeout,  [TIMER_CORK] = on_cork,
    [TIMER_PACE] = on_pace,       [TIMER_END] = on_end,
};

static uint64_t earliest(const struct conn *c)
{
    uint64_t first = NO_DEADLINE;

    for (unsigned i = 0; i < NR_TIMERS; i++)
        first = min_u64(first, c->due_ns[i]);
    return first;
}

void conn_on_timer(struct timer *timer)
{
    struct conn *c = container_of(timer, struct conn, timer);
    uint64_t now = clock_mono_ns(), next;

    conn_hold(c);
    for (unsigned i = 0; i < NR_TIMERS; i++) {
        if (c->due_ns[i] > now)
            continue;
        c->due_ns[i] = NO_DEADLINE;
        handlers[i](c, now);
    }
    next = earliest(c);
    if (next != NO_DEADLINE)
        timer_set(timer, next);
    conn_unhold(c);
    ip_kick();
}
