/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BBR, version 1 (draft-cardwell-iccrg-bbr-congestion-control-00): the rate of
 * sending follows the rate at which the path delivers, not its losses. It
 * measures delivery (draft-cheng-iccrg-delivery-rate-estimation, tcp_rate.c)
 * and paces what is sent (tcp_pace.c). A connection uses it while conn.bbr is
 * set, else CUBIC.
 */
#ifndef EINKORN_KERNEL_NET_TCP_BBR_H
#define EINKORN_KERNEL_NET_TCP_BBR_H

#include "kernel/net/tcp/conn.h"

enum { BBR_ROUNDS = 10, BBR_UNIT = 256 /* gains are in 1/256 */ };

enum bbr_mode { BBR_STARTUP, BBR_DRAIN, BBR_PROBE_BW, BBR_PROBE_RTT };

struct bbr {
    /* delivery */
    uint64_t delivered; /* bytes, ever */
    uint64_t delivered_ns, first_sent_ns;
    uint64_t app_limited; /* until so much is delivered; 0: not */
    uint32_t lost;        /* of conn.lost_ever, what was looked at */

    /* model of the path; bandwidths in bytes each second */
    uint64_t bw[BBR_ROUNDS]; /* the most of each of the last rounds */
    uint64_t round_end;      /* the round ends when this is delivered */
    uint32_t rounds;
    bool round_start;
    uint64_t min_rtt_ns, min_rtt_at_ns;
    uint64_t full_bw;
    uint8_t full_rounds; /* in which it did not grow */
    bool full;           /* the pipe was filled once */

    /* state */
    uint8_t mode, phase;
    uint16_t pacing_gain, window_gain;
    uint64_t phase_ns;
    uint64_t probe_end_ns;    /* of PROBE_RTT; 0: not low enough yet */
    uint64_t probe_round_end; /* and one round at least */
    bool recovering, conserving, restarted;
    uint64_t conserve_end;
    uint32_t window_before;

    /* pacing */
    uint64_t pace_bps;
};

/* From here on; 0 or -ENOMEM: then CUBIC stays. */
int bbr_start(struct conn *c, uint64_t now);
void bbr_stop(struct conn *c); /* CUBIC goes on with the window as it is */
void bbr_enter_startup(struct bbr *b);
/* An acknowledgement was looked at: new model, window and pace. */
void bbr_acked(struct conn *c, const struct delivery *d, uint64_t now);
/* After all was acknowledged and a pause. */
void bbr_restart(struct conn *c, uint64_t now);
/* The retransmission timer fired: cwnd is about to be one segment. */
void bbr_timeout(struct conn *c);
uint64_t bbr_bandwidth(const struct bbr *b);

/* ---- tcp_rate.c ---- */
struct rate_sample {
    uint64_t bps;   /* 0: none */
    uint64_t prior; /* delivered when the newest of it was sent */
    bool app_limited;
};
void rate_sent(struct conn *c, struct tx_record *r, uint64_t now);
void rate_delivered(struct conn *c, const struct tx_record *r,
                    struct delivery *d);
void rate_take(struct conn *c, const struct delivery *d, uint64_t now,
               struct rate_sample *out);
/* All that the program wrote is on its way, and there is room for more. */
void rate_check_app(struct conn *c);

/* ---- tcp_pace.c: what BBR found, and conn.pace_max ---- */
/* May a packet go now? If not, a timer calls conn_output(). */
bool pace_ok(struct conn *c, uint64_t now);
void pace_sent(struct conn *c, uint32_t len, uint64_t now);
/* The longest packet at this pace, a multiple of mss. */
uint32_t pace_packet_max(const struct conn *c, uint32_t mss, uint32_t most);

#endif
