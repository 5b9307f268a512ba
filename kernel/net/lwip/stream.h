/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stream on lwIP: the connection, what has arrived and is unread, and what
 * was written and is not acknowledged. Shared by the stream*.c files.
 */
#ifndef EINKORN_KERNEL_NET_LWIP_STREAM_H
#define EINKORN_KERNEL_NET_LWIP_STREAM_H

#include "kernel/core/clock.h"
#include "kernel/net/lwip/glue.h"
#include "kernel/net/transport.h"
#include "lwip/priv/tcp_priv.h"

enum {
    STREAM_SNDBUF = 512 << 10,
    SLOW_TICK_MS = 2 * TCP_TMR_INTERVAL,
    RTO_MIN_TICKS = 3,
    RTO_FIRST_TICKS = 1000 / SLOW_TICK_MS,
};

/* Bytes to be sent, referenced by lwIP's segments until acknowledged. */
struct chunk {
    struct list node;
    uint32_t size, fill; /* room, bytes that hold data */
    uint32_t passed;     /* of those, given to lwIP */
    uint32_t acked;
    uint8_t data[];
};

struct stream {
    struct tcp_pcb *pcb; /* NULL: gone */
    struct net_owner *owner;
    enum net_family family;
    bool v6only, reuseaddr, reuseport, listening, connecting, connected;
    bool eof, fin_wanted, fin_sent, cork, more;
    bool orphan; /* closed by its owner; lives on until all is delivered */
    bool busy;   /* in use further up: lwIP's goodbye must not free it */
    int error;   /* pending, positive */
    struct net_addr local, peer; /* kept when the connection is gone */

    struct pbuf *rx_first, *rx_last; /* linked by next; each alone */
    struct pbuf *rx_merge; /* the last one, if small ones go into it */
    size_t rx_off;         /* read of rx_first */
    size_t rx_bytes;
    uint32_t rcvbuf, withheld; /* window not opened again: see consume */

    struct list chunks;
    size_t tx_bytes;   /* committed, unacknowledged */
    size_t tx_partial; /* acknowledged, but in a segment that is not wholly */
    uint32_t sndbuf;
    bool tx_stalled; /* lwIP's queue was full */
    struct timer cork_timer;
    uint32_t user_timeout_ms;
    u16_t user_mss;       /* 0: no limit */
    uint64_t progress_ns; /* when something was last acknowledged or begun */

    struct stream *listener; /* while in its queue */
    struct list accept_node;
    struct list accept_queue;
    unsigned nr_accept, backlog;
    struct list group; /* ring of listeners on one of lwIP's: SO_REUSEPORT */
    /* of listeners, for their children; lwIP has no room for them */
    u32_t keep_idle_ms, keep_intvl_ms, keep_cnt;
    bool nodelay;
};

/* A stream around an lwIP connection; NULL: out of memory. */
struct stream *stream_wrap(struct tcp_pcb *pcb, enum net_family family);
/* Forget the connection; lwIP calls nothing any more. */
void stream_detach(struct stream *s);
void stream_free(struct stream *s);
/* Frees an orphan that has nothing left to do. */
void stream_reap(struct stream *s);
/* The connection ends with this error. */
void stream_fail(struct stream *s, int error);
void stream_event(struct stream *s, unsigned changed);
/* A connection has come about: TCP_MAXSEG limits what we send. */
void stream_limit_mss(struct stream *s);
/* Who listens where s is bound, and shares that; NULL: nobody. */
struct stream *stream_sharing(const struct stream *s, const ip_addr_t *ip,
                              uint16_t port);
/* Leaves lwIP's listener to those that share it. False: there is none. */
bool stream_leave_group(struct stream *s);
/* Both ends' addresses, as of now. */
void stream_remember(struct stream *s);

/* TCP_USER_TIMEOUT: ends streams whose data nobody acknowledges. */
void stream_check_timeouts(uint64_t now_ns);

/* stream_tx.c */
void tx_push(struct stream *s);
err_t tx_on_sent(void *arg, struct tcp_pcb *pcb, u16_t len);
void tx_free(struct stream *s);
void tx_on_cork_timer(struct timer *timer);
/* lwIP holds back a segment that is longer than the peer's window until its
 * persist timer runs out; with nothing in flight a part of it should go at
 * once (RFC 9293, 3.8.6.2.1). */
void tx_use_window(struct tcp_pcb *pcb);
/* FIN once everything has been passed to lwIP. */
void tx_finish(struct stream *s);
/* Frees what waited for the devices to be idle. */
void tx_free_zombies(void);
/* stream_rx.c */
err_t rx_on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err);
void rx_free(struct stream *s);

#endif
