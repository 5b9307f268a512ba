/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BBR's model of the path and what follows from it (numbers in parentheses:
 * sections of draft-cardwell-iccrg-bbr-congestion-control-00, 4.).
 */
#include "kernel/core/random.h"
#include "kernel/net/tcp/bbr.h"

enum {
    HIGH_GAIN = 739, /* 2/ln 2: doubles the rate each round */
    DRAIN_GAIN = 88, /* its inverse */
    WINDOW_GAIN = 2 * BBR_UNIT,
    PHASES = 8,
    FULL_GROWTH_4 = 5, /* 5/4 */
    FULL_ROUNDS = 3,
    MIN_RTT_S = 10,
    PROBE_RTT_MS = 200,
    WINDOW_MIN = 4, /* segments */
    MARGIN_100 = 99,
};

static const uint16_t phase_gain[PHASES] = {
    BBR_UNIT * 5 / 4, BBR_UNIT * 3 / 4, BBR_UNIT, BBR_UNIT,
    BBR_UNIT,         BBR_UNIT,         BBR_UNIT, BBR_UNIT,
};

uint64_t bbr_bandwidth(const struct bbr *b)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < BBR_ROUNDS; i++)
        most = max_u64(most, b->bw[i]);
    return most;
}

/* Bytes that the path holds, by a gain (4.2.3.2). */
static uint32_t inflight(const struct conn *c, uint64_t bw, unsigned gain)
{
    const struct bbr *b = c->bbr;
    uint64_t bytes;

    if (b->min_rtt_ns == UINT64_MAX)
        return cubic_initial_window(c);
    bytes = bw * (b->min_rtt_ns / 1000) / 1000000 * gain / BBR_UNIT;
    return (uint32_t)min_u64(bytes, UINT32_MAX / 2);
}

/* ---- modes (4.3) --------------------------------------------------------- */

void bbr_enter_startup(struct bbr *b)
{
    b->mode = BBR_STARTUP;
    b->pacing_gain = b->window_gain = HIGH_GAIN;
}

static void enter_phase(struct bbr *b, unsigned phase, uint64_t now)
{
    b->phase = (uint8_t)(phase % PHASES);
    b->phase_ns = now;
    b->pacing_gain = phase_gain[b->phase];
}

/* Not with the phase that drains: there is nothing yet to be drained. */
static void enter_probe_bw(struct bbr *b, uint64_t now)
{
    unsigned phase = random_u64() % (PHASES - 1);

    b->mode = BBR_PROBE_BW;
    b->window_gain = WINDOW_GAIN;
    enter_phase(b, phase ? phase + 1 : 0, now);
}

static void check_phase(struct conn *c, const struct delivery *d, bool lost,
                        uint64_t now)
{
    struct bbr *b = c->bbr;
    uint64_t bw = bbr_bandwidth(b);
    bool over = now - b->phase_ns > b->min_rtt_ns;

    if (b->mode != BBR_PROBE_BW)
        return;
    if (b->pacing_gain > BBR_UNIT)
        over = over && (lost || d->flight >= inflight(c, bw, b->pacing_gain));
    else if (b->pacing_gain < BBR_UNIT)
        over = over || d->flight <= inflight(c, bw, BBR_UNIT);
    if (over)
        enter_phase(b, b->phase + 1u, now);
}

/* Did the rate still grow, in rounds that the program did not limit? (4.3.2.2)
 */
static void check_full(struct bbr *b, const struct rate_sample *s)
{
    uint64_t bw = bbr_bandwidth(b);

    if (b->full || !b->round_start || s->app_limited)
        return;
    if (bw >= b->full_bw / 4 * FULL_GROWTH_4) {
        b->full_bw = bw;
        b->full_rounds = 0;
        return;
    }
    b->full = ++b->full_rounds >= FULL_ROUNDS;
}

static void check_drain(struct conn *c, uint64_t now)
{
    struct bbr *b = c->bbr;

    if (b->mode == BBR_STARTUP && b->full) {
        b->mode = BBR_DRAIN;
        b->pacing_gain = DRAIN_GAIN;
    }
    if (b->mode == BBR_DRAIN &&
        conn_in_flight(c) <= inflight(c, bbr_bandwidth(b), BBR_UNIT))
        enter_probe_bw(b, now);
}

static uint32_t window_min(const struct conn *c)
{
    return WINDOW_MIN * c->mss;
}

static void leave_probe_rtt(struct conn *c, uint64_t now)
{
    struct bbr *b = c->bbr;

    b->min_rtt_at_ns = now;
    c->cwnd = max_u32(c->cwnd, b->window_before);
    if (b->full)
        enter_probe_bw(b, now);
    else
        bbr_enter_startup(b);
}

/* The queue is let run empty for a moment (4.3.5). */
static void in_probe_rtt(struct conn *c, uint64_t now)
{
    struct bbr *b = c->bbr;

    b->app_limited = max_u64(b->delivered + conn_in_flight(c), 1);
    if (!b->probe_end_ns) {
        if (conn_in_flight(c) > window_min(c))
            return;
        b->probe_end_ns = now + PROBE_RTT_MS * MSEC;
        b->probe_round_end = b->delivered;
    } else if (now >= b->probe_end_ns && b->round_end > b->probe_round_end) {
        leave_probe_rtt(c, now);
    }
}

static void check_min_rtt(struct conn *c, const struct delivery *d,
                          uint64_t now)
{
    struct bbr *b = c->bbr;
    bool old = now - b->min_rtt_at_ns > MIN_RTT_S * NSEC_PER_SEC;

    if (d->rtt_ns && (d->rtt_ns <= b->min_rtt_ns || old)) {
        b->min_rtt_ns = d->rtt_ns;
        b->min_rtt_at_ns = now;
    }
    if (old && !b->restarted && b->mode != BBR_PROBE_RTT) {
        b->mode = BBR_PROBE_RTT;
        b->pacing_gain = b->window_gain = BBR_UNIT;
        b->window_before = max_u32(c->cwnd, b->window_before);
        b->probe_end_ns = 0;
    }
    if (b->mode == BBR_PROBE_RTT)
        in_probe_rtt(c, now);
    if (d->acked || d->sacked)
        b->restarted = false;
}

/* ---- the model ----------------------------------------------------------- */

static void update_bandwidth(struct conn *c, const struct rate_sample *s)
{
    struct bbr *b = c->bbr;
    uint64_t *slot;

    b->round_start = s->bps && s->prior >= b->round_end;
    if (b->round_start) {
        b->round_end = b->delivered;
        b->rounds++;
        b->bw[b->rounds % BBR_ROUNDS] = 0;
    }
    slot = &b->bw[b->rounds % BBR_ROUNDS];
    if (!s->app_limited || s->bps >= bbr_bandwidth(b))
        *slot = max_u64(*slot, s->bps);
}

/* ---- what follows -------------------------------------------------------- */

static void set_pace(struct conn *c)
{
    struct bbr *b = c->bbr;
    uint64_t bps = bbr_bandwidth(b) * b->pacing_gain / BBR_UNIT;

    bps = bps / 100 * MARGIN_100;
    if (bps && (b->full || bps > b->pace_bps))
        b->pace_bps = bps;
}

/* The first round of a recovery sends only what was delivered (4.2.3.4). */
static void check_recovery(struct conn *c, uint32_t delivered, uint32_t lost)
{
    struct bbr *b = c->bbr;
    bool recovering = c->ca_state != CA_OPEN;

    if (lost)
        c->cwnd = c->cwnd > lost + c->mss ? c->cwnd - lost : c->mss;
    if (recovering && !b->recovering) {
        b->conserving = c->ca_state == CA_RECOVERY;
        b->conserve_end = b->delivered;
        b->round_end = b->delivered;
        c->cwnd = conn_in_flight(c) + max_u32(delivered, c->mss);
    } else if (!recovering && b->recovering) {
        c->cwnd = max_u32(c->cwnd, b->window_before);
        b->conserving = false;
    }
    b->recovering = recovering;
    if (b->conserving && b->round_start)
        b->conserving = false;
}

static void set_window(struct conn *c, uint32_t delivered)
{
    struct bbr *b = c->bbr;
    uint32_t quantum = 3 * pace_packet_max(c, c->mss, IP_PAYLOAD_MAX);
    uint32_t target = inflight(c, bbr_bandwidth(b), b->window_gain) + quantum;

    if (b->conserving)
        c->cwnd = max_u32(c->cwnd, conn_in_flight(c) + delivered);
    else if (b->full)
        c->cwnd = min_u32(c->cwnd + delivered, target);
    else if (c->cwnd < target || b->delivered < cubic_initial_window(c))
        c->cwnd += delivered;
    c->cwnd = max_u32(c->cwnd, window_min(c));
    if (b->mode == BBR_PROBE_RTT)
        c->cwnd = min_u32(c->cwnd, window_min(c));
}

void bbr_acked(struct conn *c, const struct delivery *d, uint64_t now)
{
    struct bbr *b = c->bbr;
    uint32_t lost = c->lost_ever - b->lost;
    uint32_t delivered = d->acked + d->sacked;
    struct rate_sample s;

    b->lost = c->lost_ever;
    if (c->ca_state == CA_OPEN && b->mode != BBR_PROBE_RTT && !b->recovering)
        b->window_before = c->cwnd;
    rate_take(c, d, now, &s);
    update_bandwidth(c, &s);
    check_phase(c, d, lost != 0, now);
    check_full(b, &s);
    check_drain(c, now);
    check_min_rtt(c, d, now);
    set_pace(c);
    check_recovery(c, delivered, lost);
    set_window(c, delivered);
}

void bbr_restart(struct conn *c, uint64_t now)
{
    struct bbr *b = c->bbr;

    b->restarted = true;
    if (b->mode == BBR_PROBE_BW)
        enter_phase(b, 2, now);
}

void bbr_timeout(struct conn *c)
{
    struct bbr *b = c->bbr;

    if (!b->recovering)
        b->window_before = max_u32(c->cwnd, b->window_before);
    b->full_bw = 0;
    b->full_rounds = 0;
}
