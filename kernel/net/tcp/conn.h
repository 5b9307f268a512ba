/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TCP connection (RFC 9293): its state, and the functions of the tcp_*.c
 * files on it. Everything happens inside conn_receive(), a timer or a call
 * of the socket; packets leave through ip.h; conn_event() tells the socket.
 * Times are monotonic nanoseconds, `now` is read once for each such call.
 */
#ifndef EINKORN_KERNEL_NET_TCP_CONN_H
#define EINKORN_KERNEL_NET_TCP_CONN_H

#include "kernel/core/clock.h"
#include "kernel/net/counters.h"
#include "kernel/net/tcp/ip.h"
#include "kernel/net/tcp/seq.h"
#include "kernel/net/tcp/table.h"
#include "kernel/net/transport.h"
#include "lib/list.h"

#define MSEC UINT64_C(1000000)

enum {
    TCP_FIN = 1,
    TCP_SYN = 2,
    TCP_RST = 4,
    TCP_PSH = 8,
    TCP_ACK = 16,
};

enum {
    SACK_MAX = 4,
    OPTIONS_MAX = 40,
    TS_OPTION_LEN = 12,
    RCV_SCALE = 8,
    MSS_DEFAULT = 536, /* RFC 9293, 3.7.1 */
    MSS_DEFAULT_V6 = 1220,
    MSS_MIN = 88,
};

struct seq_range {
    uint32_t start, end;
};

/* Options of a segment (tcp_options.c). */
struct tcp_options {
    bool has_ts, has_scale, sack_permitted;
    uint8_t scale;
    uint16_t mss; /* 0: none */
    uint32_t ts_val, ts_ecr;
    unsigned nr_sack;
    struct seq_range sack[SACK_MAX];
};

struct rx_buf;

/* A received segment; fields in host order. */
struct segment {
    struct net_addr src, dst;
    uint32_t seq, ack, len; /* len: payload only */
    uint16_t window;
    uint8_t flags;
    struct tcp_options opt;
    const uint8_t *part[2]; /* payload */
    uint32_t part_len[2];
    /* Takes over the memory of part[1]; NULL: cannot. */
    struct rx_buf *(*take)(struct segment *seg);
    void *take_arg;
};

/* Received payload. */
struct rx_buf {
    struct list node;
    uint32_t seq, len;
    uint32_t room; /* free bytes behind data + len */
    uint32_t cost; /* memory it holds */
    const uint8_t *data;
    void (*release)(struct rx_buf *b); /* NULL: kfree */
    void *arg;
};

/* Where delivery stood when something was sent (tcp_rate.c). */
struct rate_mark {
    uint64_t delivered, delivered_ns, first_sent_ns;
    bool set, app_limited;
};

/* A range of sequence numbers sent at one time and not acknowledged. */
struct tx_record {
    struct list node;
    uint32_t seq, end;
    uint64_t sent_ns;
    bool sacked, lost;
    bool resent;      /* a retransmission of it is under way */
    bool ever_resent; /* its round trip time is ambiguous */
    struct rate_mark mark;
};

enum conn_timer {
    TIMER_RESEND, /* RTO; persist while nothing is in flight */
    TIMER_PROBE,  /* tail loss probe */
    TIMER_REORDER,
    TIMER_ACK,
    TIMER_KEEP,
    TIMER_CORK,
    TIMER_PACE,
    TIMER_END, /* an orphan in FIN_WAIT_2 */
    NR_TIMERS,
};

enum congestion { CA_OPEN, CA_RECOVERY, CA_LOSS };

/* CUBIC (tcp_cubic.c). */
struct cubic {
    uint32_t w_max, w_est; /* bytes */
    uint32_t prior;        /* cwnd when the window was last reduced */
    uint32_t k_ms, start;  /* K, and cwnd at the epoch's begin */
    uint32_t credit;       /* bytes towards the next segment of w_est */
    uint64_t epoch_ns;     /* 0: none yet */
};

/* Slow start's exit by delay (tcp_hystart.c). */
struct hystart {
    uint32_t round_end;
    uint32_t samples;
    uint64_t round_min_ns, last_min_ns;
};

/* RFC 8985 (tcp_rack.c). */
struct rack {
    uint64_t xmit_ns, rtt_ns, min_rtt_ns, min_rtt_at_ns;
    uint32_t end, fack;
    bool reordered;
    uint8_t window_mult, persist;
    uint32_t dsack_round; /* one step for each round trip */
    bool dsack_seen;
    uint32_t probe_end; /* tail loss probe under way, if probing */
    bool probing, probe_resent;
};

struct conn {
    struct conn_node node; /* in the table while connected */
    struct net_addr local, peer;
    struct path route;
    uint8_t state; /* enum stream_state */
    uint8_t ttl, tos;
    bool orphan; /* nobody will read */
    bool dead;   /* to be freed when nobody holds it */
    uint8_t holds;
    bool nodelay, cork, more, keepalive, reuseaddr;
    bool cork_over; /* the 200 ms are over */

    /* agreed with the peer */
    bool ts_ok, sack_ok, scale_ok;
    uint8_t snd_scale, rcv_scale;
    uint16_t peer_mss, user_mss, mss; /* mss: without options of each segment */
    uint32_t ts_offset;

    /* sending */
    uint32_t iss, snd_una, snd_nxt, snd_max_wnd, snd_wnd, snd_wl1, snd_wl2;
    uint32_t write_seq; /* behind the last byte written */
    uint32_t small_seq; /* end of the last partial segment (Nagle) */
    bool fin_wanted, syn_acked;
    struct list chunks;      /* struct tx_chunk */
    struct tx_chunk *cursor; /* where snd_nxt is, or NULL */
    uint32_t sndbuf;
    bool sndbuf_fixed, reserved;
    bool full;    /* was not writable when we last looked */
    bool blocked; /* the device was full */
    struct list blocked_node;

    /* what is in flight */
    struct list records;
    uint32_t nr_records, sacked_bytes, lost_bytes, resent_bytes;
    uint32_t lost_ever; /* bytes that were marked, ever */
    uint32_t dupacks;   /* without SACK */

    /* congestion */
    uint8_t ca_state;
    uint32_t cwnd, ssthresh, recover;
    uint32_t prr_delivered, prr_out, prr_flight;
    uint32_t undo_cwnd, undo_ssthresh, undo_ts; /* undo_cwnd 0: no undo */
    uint32_t limited_end; /* cwnd held us back up to here */
    bool limited;
    uint64_t sent_last_ns;
    uint8_t congestion; /* enum net_congestion that was asked for */
    struct bbr *bbr;    /* NULL: CUBIC */
    uint32_t pace_max;  /* bytes a second that the program allows; 0: any */
    uint64_t pace_next_ns;
    struct cubic cubic;
    struct hystart hystart;
    struct rack rack;

    /* timing */
    uint64_t srtt_ns, rttvar_ns, rto_ns;
    uint8_t backoffs;
    uint32_t retransmits; /* in all */
    uint64_t stuck_ns;    /* since when nothing was acknowledged, or 0 */
    struct timer timer;
    uint64_t due_ns[NR_TIMERS]; /* NO_DEADLINE: not armed */
    uint32_t keep_idle_s, keep_intvl_s, keep_cnt, keep_sent;
    uint32_t user_timeout_ms;
    uint64_t heard_ns;      /* last segment from the peer */
    uint64_t challenged_ns; /* last answer to a doubtful segment */

    /* receiving */
    uint32_t irs, rcv_nxt, rcv_adv; /* rcv_adv: the highest right edge */
    uint32_t ack_sent;              /* last acknowledgement */
    uint32_t ts_recent;
    uint64_t ts_recent_ns;
    bool eof;         /* nothing more will come */
    bool fin_seen;    /* because the peer said so */
    uint32_t rcv_mss; /* the longest segment seen */
    uint32_t quick_acks;
    bool answers;    /* data goes both ways: acknowledge with it */
    uint8_t ack_due; /* enum ack_due */
    struct list ack_node;
    struct list rx, rx_ooo; /* struct rx_buf */
    uint32_t rx_off;        /* read of the first one */
    uint32_t rx_bytes, ooo_bytes, nr_ooo;
    uint32_t rcvbuf, rcvbuf_max;
    bool rcvbuf_fixed;
    uint32_t drs_bytes; /* consumed since drs_ns (tcp_window.c) */
    uint64_t drs_ns;
    struct seq_range sack[SACK_MAX]; /* to report, newest first */
    unsigned nr_sack;
    struct seq_range dsack;
    bool has_dsack;
};

/* ---- the socket above (stream.c) ---- */
void conn_event(struct conn *c, unsigned changed); /* enum net_ready */
/* The connection is over; error is a positive errno or 0. */
void conn_ended(struct conn *c, int error);
/* SYN_SENT or SYN_RECV became ESTABLISHED. */
void conn_established(struct conn *c);

/* Between these it stays in memory, whatever happens to it. */
static inline void conn_hold(struct conn *c)
{
    c->holds++;
}
void conn_unhold(struct conn *c);

/* ---- tcp_conn.c ---- */
/* Defaults; state CLOSE. */
void conn_init(struct conn *c);
/* Frees what it holds; it is out of every list afterwards. */
void conn_destroy(struct conn *c);
/* Addresses are known: derives numbers. */
void conn_start(struct conn *c, uint32_t iss, uint64_t now);
/* The peer's SYN with its options, ours having been `ours`. */
void conn_agree(struct conn *c, const struct segment *seg, uint64_t now);
/* mss out of what the peer takes, the route and TCP_MAXSEG. */
void conn_update_mss(struct conn *c);
void conn_abort(struct conn *c, int error, bool tell_peer);
/* Becomes TIME_WAIT (the table's matter from then on) and ends. */
void conn_time_wait(struct conn *c, uint64_t now);
uint16_t conn_our_mss(const struct path *r, bool v6, uint16_t user);
/* MSS for a path with this MTU came to be known. */
void conn_path_mtu(struct conn *c, uint32_t mtu);

/* ---- tcp_in.c ---- */
/* A segment for a connection that is beyond LISTEN. */
void conn_segment(struct conn *c, struct segment *seg);
/* ---- tcp_syn_sent.c ---- */
void conn_connect(struct conn *c, uint64_t now); /* sends the SYN */
void conn_syn_sent(struct conn *c, struct segment *seg, uint64_t now);
/* Retransmits SYN or SYN with ACK. */
void conn_syn_timeout(struct conn *c, uint64_t now);
/* ---- tcp_options.c ---- */
void options_parse(struct tcp_options *o, const uint8_t *p, unsigned len);
/* Options of a SYN; returns their length. */
unsigned options_syn(uint8_t *p, uint16_t mss, const struct tcp_options *peer,
                     uint32_t ts_val, uint32_t ts_ecr);
unsigned options_write(const struct conn *c, uint8_t *p, uint64_t now);
unsigned options_len(const struct conn *c);
uint32_t ts_now(const struct conn *c, uint64_t now);
/* ---- tcp_ack.c ---- */
/* seg->ack is acceptable. */
void conn_ack(struct conn *c, const struct segment *seg, uint64_t now);
/* ---- tcp_record.c ---- */
struct tx_record *record_add(struct conn *c, uint32_t seq, uint32_t end,
                             uint64_t now);
/* Splits r at seq; the later half, or NULL (no memory, too many). */
struct tx_record *record_split(struct conn *c, struct tx_record *r,
                               uint32_t seq);
/* Marks keep the counters right. */
void record_mark_sacked(struct conn *c, struct tx_record *r);
void record_mark_lost(struct conn *c, struct tx_record *r);
void record_mark_resent(struct conn *c, struct tx_record *r, uint64_t now);
/* Not lost, not sacked, not resent any more. */
void record_clear(struct conn *c, struct tx_record *r);
void record_free(struct conn *c, struct tx_record *r);
void records_free(struct conn *c);
static inline uint32_t conn_in_flight(const struct conn *c)
{
    uint32_t gone = c->sacked_bytes + c->lost_bytes;
    uint32_t sent = c->snd_nxt - c->snd_una + c->resent_bytes;

    return sent > gone ? sent - gone : 0;
}
/* ---- tcp_sack.c ---- */
/* What an acknowledgement delivered. */
struct delivery {
    uint32_t acked, sacked; /* bytes new in it */
    uint64_t rtt_ns;        /* 0: no sample */
    uint32_t flight;        /* before it */
    bool dsack, resent_acked;
    struct rate_mark newest; /* of what was sent last among it */
    uint64_t newest_sent_ns;
};
void sack_apply(struct conn *c, const struct segment *seg, struct delivery *d,
                uint64_t now);
/* Without SACK: duplicates stand for segments that arrived. */
void reno_sack(struct conn *c, const struct segment *seg, struct delivery *d);
/* ---- tcp_rack.c ---- */
void rack_delivered(struct conn *c, const struct tx_record *r,
                    struct delivery *d, uint64_t now, uint32_t ts_ecr);
void rack_dsack(struct conn *c);
/* Marks what must be lost; arms the reordering timer. True: something was. */
bool rack_detect(struct conn *c, uint64_t now);
/* ---- tcp_probe.c ---- */
void probe_arm(struct conn *c, uint64_t now);
void probe_timeout(struct conn *c, uint64_t now);
/* True: a probe repaired a loss, so the window must shrink. */
bool probe_acked(struct conn *c, const struct segment *seg,
                 const struct delivery *d);
/* ---- tcp_recovery.c ---- */
void recovery_step(struct conn *c, const struct segment *seg,
                   const struct delivery *d, bool lost, uint64_t now);
void recovery_timeout(struct conn *c, uint64_t now);
void recovery_reduce(struct conn *c, uint64_t now); /* a loss already mended */
/* ---- tcp_cubic.c ---- */
uint32_t cubic_ssthresh(struct conn *c, uint64_t now);
void cubic_acked(struct conn *c, uint32_t acked, uint64_t now);
uint32_t cubic_initial_window(const struct conn *c);
/* ---- tcp_congestion.c; BBR itself: bbr.h ---- */
/* The connection is established, its round trip time known. */
void congestion_choose(struct conn *c, uint64_t now);
/* enum net_congestion; 0 or -ENOMEM. */
int congestion_set(struct conn *c, int value, uint64_t now);
int congestion_get(const struct conn *c);
/* ---- tcp_hystart.c ---- */
void hystart_sample(struct conn *c, uint64_t rtt_ns);
/* ---- tcp_rtt.c ---- */
void rtt_sample(struct conn *c, uint64_t rtt_ns);
void rtt_back_off(struct conn *c);
void rtt_reset_backoff(struct conn *c);
/* ---- tcp_out.c ---- */
/* Sends what may be sent. */
void conn_output(struct conn *c, uint64_t now);
/* Tries again what the device or memory refused. */
void conn_resume(struct conn *c, uint64_t now);
void conn_resume_all(void);
/* Retransmits (a prefix of) r, at most max bytes. 0, or -errno. */
int conn_resend(struct conn *c, struct tx_record *r, uint32_t max,
                uint64_t now);
/* One segment of new data whatever the window of congestion. */
bool conn_send_new(struct conn *c, uint32_t max, uint64_t now);
/* Shall a FIN go, and has it? */
static inline bool conn_fin_sent(const struct conn *c)
{
    return c->fin_wanted && c->snd_nxt == c->write_seq + 1;
}
/* ---- tcp_segment.c: one segment into a packet ---- */
int conn_send_data(struct conn *c, uint32_t seq, uint32_t len, bool fin,
                   bool push, uint64_t now);
void conn_send_ack(struct conn *c, uint64_t now);
/* A segment without data that makes the peer answer. */
void conn_send_probe(struct conn *c, uint64_t now);
int conn_send_syn(struct conn *c, uint64_t now);
void conn_send_reset(struct conn *c);
/* ---- tcp_ack_policy.c ---- */
enum ack_due { ACK_NONE, ACK_SOON, ACK_NOW };
void ack_after_data(struct conn *c, uint32_t len, bool urgent, uint64_t now);
/* An answer to a doubtful segment, at most two each second. */
void ack_challenge(struct conn *c, uint64_t now);
void ack_now(struct conn *c);
void ack_done(struct conn *c);       /* one has gone, maybe with data */
void ack_after_read(struct conn *c); /* the program took data */
/* Those that are due: `all` also those that may wait for an answer. */
void acks_flush(bool all);
/* ---- tcp_timer.c ---- */
void conn_arm(struct conn *c, enum conn_timer which, uint64_t when_ns);
static inline void conn_disarm(struct conn *c, enum conn_timer which)
{
    c->due_ns[which] = NO_DEADLINE;
}
static inline bool conn_armed(const struct conn *c, enum conn_timer which)
{
    return c->due_ns[which] != NO_DEADLINE;
}
void conn_on_timer(struct timer *timer);
void conn_arm_resend(struct conn *c, uint64_t now);
/* ---- tcp_keep.c ---- */
void keep_start(struct conn *c, uint64_t now);
void keep_timeout(struct conn *c, uint64_t now);
void persist_timeout(struct conn *c, uint64_t now);
/* ---- tcp_rx.c ---- */
/* In sequence or not; seg is trimmed to the window. True: it is urgent to
 * acknowledge (out of order, or it filled a hole). */
bool rx_add(struct conn *c, struct segment *seg);
size_t rx_peek(struct conn *c, size_t off, const void **ptr);
void rx_consume(struct conn *c, size_t len);
void rx_free(struct conn *c);
/* ---- tcp_ooo.c ---- */
/* Keeps what is ahead of rcv_nxt; false: dropped. */
bool ooo_add(struct conn *c, struct segment *seg);
/* Moves what became in sequence; true if any was. */
bool ooo_drain(struct conn *c);
void ooo_free(struct conn *c);
struct rx_buf *rx_buf_new(struct conn *c, const struct segment *seg,
                          uint32_t skip, uint32_t room);
void rx_buf_free(struct rx_buf *b);
/* ---- tcp_window.c ---- */
/* The window field of the next segment; moves rcv_adv. */
uint16_t window_advertise(struct conn *c);
/* After reading: is it worth telling the peer? */
bool window_opened(const struct conn *c);
void window_read(struct conn *c, uint32_t len, uint64_t now);
/* ---- tcp_tx.c ---- */
void *tx_reserve(struct conn *c, size_t want, size_t *got);
void tx_commit(struct conn *c, size_t len);
/* Memory on loan instead; bytes that were taken, 0: no room or no memory. */
size_t tx_lend(struct conn *c, const void *mem, size_t len, struct loan *loan);
/* A third of the buffer is free: worth waking the writer. */
bool tx_writable(const struct conn *c);
/* Tells the writer if that has become true. */
void tx_tell(struct conn *c);
/* Pieces of [seq, seq + len); returns bytes covered (all, or what pieces
 * allow). */
uint32_t tx_gather(struct conn *c, uint32_t seq, uint32_t len,
                   struct abi_iov *iov, unsigned *nr);
/* len, or what of it is in few enough pieces for one packet. */
uint32_t tx_fit(struct conn *c, uint32_t seq, uint32_t len, uint32_t mss);
void tx_release(struct conn *c); /* below snd_una */
void tx_free(struct conn *c);
void tx_free_zombies(void);
static inline uint32_t tx_pending(const struct conn *c)
{
    return c->syn_acked ? c->write_seq - c->snd_una : 0;
}
/* ---- tcp_memory.c ---- */
void tcp_memory_add(uint32_t len_bytes);
void tcp_memory_sub(uint32_t len_bytes);
bool tcp_memory_tight(void);
uint64_t tcp_memory_pages(void); /* in use */

#endif
