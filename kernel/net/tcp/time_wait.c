/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TIME_WAIT. All last equally long, so a list in order of age needs one timer.
 * The oldest go when there are too many.
 */
#include "kernel/net/tcp/time_wait.h"

#include "kernel/core/alloc.h"

enum { NR_MAX = 4096, LAST_S = 60 };

struct time_wait {
    struct conn_node node;
    struct list age;
    uint64_t end_ns;
    uint32_t snd_nxt, rcv_nxt, ts_recent, ts_offset;
    uint16_t window;
    bool ts_ok, reuse;
};

static void on_timer(struct timer *timer);

static struct list all = LIST_INIT(all); /* oldest first */
static unsigned nr;
static struct timer expiry = {.fn = on_timer};

static void drop(struct time_wait *t)
{
    table_remove(&t->node);
    list_remove(&t->age);
    nr--;
    kfree(t);
}

static void on_timer(struct timer *timer)
{
    uint64_t now = clock_mono_ns();
    struct time_wait *t;

    while ((t = list_first(&all, struct time_wait, age)) && t->end_ns <= now)
        drop(t);
    if (t)
        timer_set(timer, t->end_ns);
}

static void enqueue(struct time_wait *t, uint64_t now)
{
    t->end_ns = now + LAST_S * NSEC_PER_SEC;
    list_push_back(&all, &t->age);
    if (!timer_armed(&expiry))
        timer_set(&expiry, t->end_ns);
}

void time_wait_add(struct conn *c, uint64_t now)
{
    struct time_wait *t =
        nr >= NR_MAX ? list_first(&all, struct time_wait, age) : NULL;

    if (t)
        drop(t);
    t = kzalloc(sizeof(*t));
    if (!t)
        return;
    t->snd_nxt = c->snd_nxt;
    t->rcv_nxt = c->rcv_nxt;
    t->ts_recent = c->ts_recent;
    t->ts_offset = c->ts_offset;
    t->ts_ok = c->ts_ok;
    t->window = (uint16_t)min_u32(c->rcvbuf >> c->rcv_scale, UINT16_MAX);
    t->reuse = c->reuseaddr;
    table_add(&t->node, &c->node.key, NODE_TIME_WAIT);
    nr++;
    enqueue(t, now);
}

static void answer(const struct time_wait *t, uint64_t now)
{
    struct conn c = {.ts_ok = t->ts_ok,
                     .ts_offset = t->ts_offset,
                     .ts_recent = t->ts_recent};
    uint8_t options[OPTIONS_MAX];
    struct net_addr local, remote;

    conn_key_addrs(&t->node.key, &local, &remote);
    send_bare(&(struct bare_segment){
        .src = &local,
        .dst = &remote,
        .seq = t->snd_nxt,
        .ack = t->rcv_nxt,
        .window = t->window,
        .flags = TCP_ACK,
        .options = options,
        .options_len = options_write(&c, options, now),
    });
}

/* A SYN may open the connection anew if its time stamp or number is beyond
 * the old ones (RFC 6191, RFC 9293 3.10.7.4). */
static bool reopens(const struct time_wait *t, const struct segment *seg)
{
    if ((seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
        return false;
    if (t->ts_ok && seg->opt.has_ts && seq_lt(t->ts_recent, seg->opt.ts_val))
        return true;
    return seq_lt(t->rcv_nxt, seg->seq);
}

bool time_wait_segment(struct conn_node *node, const struct segment *seg,
                       uint32_t *iss, uint64_t now)
{
    struct time_wait *t = container_of(node, struct time_wait, node);

    if (reopens(t, seg)) {
        *iss = t->snd_nxt + UINT16_MAX + 2;
        drop(t);
        return true;
    }
    if (seg->flags & TCP_RST) /* ignored: RFC 1337 */
        return false;
    if (seg->flags & TCP_FIN) { /* it was not heard: start again */
        list_remove(&t->age);
        enqueue(t, now);
    }
    if (seg->len || (seg->flags & (TCP_FIN | TCP_SYN)))
        answer(t, now);
    return false;
}

bool time_wait_holds(const struct net_addr *local, bool reuse)
{
    list_for_each(pos, &all)
    {
        struct time_wait *t = container_of(pos, struct time_wait, age);
        struct net_addr a, remote;

        conn_key_addrs(&t->node.key, &a, &remote);
        if (a.port == local->port && !(reuse && t->reuse) &&
            (net_addr_is_any(local) ||
             (a.family == local->family &&
              memcmp(a.ip, local->ip, sizeof(a.ip)) == 0)))
            return true;
    }
    return false;
}
