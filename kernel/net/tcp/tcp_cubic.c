/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CUBIC (RFC 9438) in integers: windows in bytes, times in milliseconds.
 * C = 0.4 segments per second cubed, beta = 0.7.
 */
#include "kernel/net/tcp/conn.h"

enum {
    BETA_10 = 7,
    INITIAL_SEGMENTS = 10, /* RFC 6928 */
    D_MAX_MS = 90000,      /* keeps the cube in 64 bits */
};

uint32_t cubic_initial_window(const struct conn *c)
{
    return INITIAL_SEGMENTS * c->mss;
}

static uint64_t cube_root(uint64_t v)
{
    uint64_t r = 0;

    for (int bit = 20; bit >= 0; bit--) {
        uint64_t t = r | UINT64_C(1) << bit;

        if (t * t * t <= v)
            r = t;
    }
    return r;
}

uint32_t cubic_ssthresh(struct conn *c, uint64_t now)
{
    struct cubic *q = &c->cubic;
    uint32_t flight = c->snd_nxt - c->snd_una; /* SACKed or not: RFC 5681, 2 */
    uint32_t window = min_u32(c->cwnd, max_u32(flight, c->mss * 2));

    (void)now;
    /* Fast convergence (4.7): give room to who came later. */
    if (window < q->w_max)
        q->w_max = window / 20 * (10 + BETA_10);
    else
        q->w_max = window;
    q->prior = window;
    q->epoch_ns = 0;
    return max_u32(window / 10 * BETA_10, 2 * c->mss);
}

static void begin_epoch(struct conn *c, uint64_t now)
{
    struct cubic *q = &c->cubic;
    uint64_t below;

    q->epoch_ns = now;
    q->start = c->cwnd;
    q->w_est = c->cwnd;
    q->credit = 0;
    if (q->w_max < c->cwnd)
        q->w_max = c->cwnd;
    below = q->w_max - c->cwnd;
    /* K = cbrt(below / C): 2.5e9 turns segments into cubed milliseconds. */
    q->k_ms = (uint32_t)cube_root(below * UINT64_C(2500000000) / c->mss);
}

/* Where the cubic curve is, a round trip ahead (4.2). */
static uint32_t curve(const struct conn *c, uint64_t now)
{
    const struct cubic *q = &c->cubic;
    int64_t t = (int64_t)((now - q->epoch_ns + c->srtt_ns) / MSEC);
    int64_t d = t - q->k_ms, grow, w;

    if (d > D_MAX_MS)
        d = D_MAX_MS;
    if (d < -D_MAX_MS)
        d = -D_MAX_MS;
    grow = d * d * d / 1000 * c->mss / 2500000;
    w = (int64_t)q->w_max + grow;
    if (w < c->cwnd)
        return c->cwnd;
    return w > (int64_t)c->cwnd * 3 / 2 ? c->cwnd / 2 * 3 : (uint32_t)w;
}

/* What Reno would have (4.3): alpha is 3 (1 - beta) / (1 + beta) = 9/17 until
 * the old window is reached again. */
static void reno_friendly(struct conn *c, uint32_t acked)
{
    struct cubic *q = &c->cubic;
    uint64_t add = (uint64_t)acked * c->mss / max_u32(q->w_est, c->mss);

    if (q->w_est < q->prior)
        add = add * 9 / 17;
    q->w_est += (uint32_t)add;
}

static void avoid_congestion(struct conn *c, uint32_t acked, uint64_t now)
{
    struct cubic *q = &c->cubic;
    uint32_t target;
    uint64_t add;

    if (!q->epoch_ns)
        begin_epoch(c, now);
    target = curve(c, now);
    reno_friendly(c, acked);
    if (target < q->w_est)
        target = q->w_est;
    if (target <= c->cwnd)
        return;
    add = (uint64_t)(target - c->cwnd) * acked + q->credit;
    q->credit = (uint32_t)(add % c->cwnd);
    c->cwnd += min_u32((uint32_t)(add / c->cwnd), acked);
}

void cubic_acked(struct conn *c, uint32_t acked, uint64_t now)
{
    enum { CWND_MAX = 64 << 20 };

    if (c->cwnd < c->ssthresh) { /* slow start */
        uint32_t room = c->ssthresh - c->cwnd;
        uint32_t part = min_u32(acked, room);

        c->cwnd += part;
        acked -= part;
    }
    if (acked && c->cwnd >= c->ssthresh)
        avoid_congestion(c, acked, now);
    if (c->cwnd > CWND_MAX)
        c->cwnd = CWND_MAX;
}
