/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sockets stand on: byte streams (TCP) and datagrams (UDP, raw IP). Any
 * TCP/IP stack can implement it; kernel/net/lwip is the first that does.
 *
 * Nothing here blocks or touches program memory. Calls are made in kernel
 * context. Events are announced through the owner's function, which must
 * only take notes and wake waiters: it must not call back into the transport.
 */
#ifndef EINKORN_KERNEL_NET_TRANSPORT_H
#define EINKORN_KERNEL_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/core/loan.h"
#include "kernel/net/addr.h"
#include "lib/list.h"

/* What an endpoint is ready for now, and what an event says has changed. */
enum net_ready {
    NET_READABLE = 1, /* bytes, a packet, or a connection to accept */
    NET_WRITABLE = 2,
    NET_EOF = 4,      /* the peer will send no more */
    NET_SENT_FIN = 8, /* we will send no more */
    NET_CLOSED = 16,  /* no connection (any more) */
    NET_ERROR = 32,   /* *_take_error() has something */
    NET_FIN = 64,     /* NET_EOF because the peer has finished */
};

struct net_owner {
    void (*event)(struct net_owner *owner, unsigned changed);
};

/* Who controls congestion: CUBIC (RFC 9438) or BBR; AUTO: by the path's round
 * trip time when a connection is established. */
enum net_congestion {
    NET_CONGESTION_AUTO,
    NET_CONGESTION_CUBIC,
    NET_CONGESTION_BBR,
};

/* Integer options. Times in seconds unless the name says otherwise. */
enum net_opt {
    NET_OPT_NODELAY,
    NET_OPT_CORK,
    NET_OPT_KEEPALIVE,
    NET_OPT_KEEPIDLE,
    NET_OPT_KEEPINTVL,
    NET_OPT_KEEPCNT,
    NET_OPT_USER_TIMEOUT_MS,
    NET_OPT_MSS,        /* set: of connections made later; 0: no limit */
    NET_OPT_CONGESTION, /* enum net_congestion */
    NET_OPT_PACE_MAX,   /* bytes a second, 32 bits; all ones or 0: any */
    NET_OPT_SNDBUF,     /* bytes */
    NET_OPT_RCVBUF,
    NET_OPT_TTL,
    NET_OPT_TOS,
    NET_OPT_REUSEADDR,
    NET_OPT_REUSEPORT, /* endpoints with one address share what comes */
    NET_OPT_V6ONLY,    /* set only, before anything is bound */
    NET_OPT_DEVICE,    /* only through this interface (index); 0: any */
    NET_OPT_BROADCAST,
    NET_OPT_MCAST_TTL,
    NET_OPT_MCAST_LOOP,
    NET_OPT_MCAST_IF, /* interface index */
    NET_OPT_RECVERR4, /* datagrams: keep errors of IPv4 for _pop_error() */
    NET_OPT_RECVERR6,
    NET_OPT_PMTUDISC4, /* datagrams: IP_PMTUDISC_* */
    NET_OPT_PMTUDISC6, /* the same numbers */
    NET_OPT_PATH_MTU,  /* get only: what ICMP said of the peer's way, or 0 */
};

/* ---- streams ----------------------------------------------------------- */

struct stream;

/* Linux's numbers (TCP_ESTABLISHED ...). */
enum stream_state {
    STREAM_ESTABLISHED = 1,
    STREAM_SYN_SENT,
    STREAM_SYN_RECV,
    STREAM_FIN_WAIT1,
    STREAM_FIN_WAIT2,
    STREAM_TIME_WAIT,
    STREAM_CLOSE,
    STREAM_CLOSE_WAIT,
    STREAM_LAST_ACK,
    STREAM_LISTEN,
    STREAM_CLOSING,
};

struct stream_info {
    enum stream_state state;
    uint32_t snd_mss, rcv_mss, rtt_us, rto_us, cwnd_bytes, ssthresh_bytes;
    uint32_t snd_wnd_bytes, rcv_wnd_bytes, unacked_bytes, retransmits;
    uint8_t snd_scale, rcv_scale;
};

/* family NET_V4 or NET_V6; a NET_V6 stream that is not v6only speaks both.
 * NULL: out of memory. */
struct stream *stream_new(enum net_family family, bool v6only);
void stream_set_owner(struct stream *s, struct net_owner *owner);

/* 0, -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL (already bound). Port 0 picks. */
int stream_bind(struct stream *s, const struct net_addr *addr);
/* May be called again to change the backlog. 0 or -errno. */
int stream_listen(struct stream *s, int backlog);
/* The oldest finished connection, without an owner, or NULL. */
struct stream *stream_accept(struct stream *s);
/* Starts connecting: 0, -ENETUNREACH, -EADDRNOTAVAIL ... NET_WRITABLE or
 * NET_ERROR will tell how it went. */
int stream_connect(struct stream *s, const struct net_addr *to);

unsigned stream_ready(const struct stream *s); /* enum net_ready */
enum stream_state stream_state(const struct stream *s);
/* The pending error as a positive errno, cleared; 0: none. */
int stream_take_error(struct stream *s);
void stream_local(const struct stream *s, struct net_addr *out);
void stream_peer(const struct stream *s, struct net_addr *out);

/* Sending: memory for at most `want` bytes, *got of them granted; NULL when
 * the send buffer is full or memory is out. Fill it, then commit a prefix (0
 * is fine). `more` holds back a last partial segment for a while. */
void *stream_reserve(struct stream *s, size_t want, size_t *got);
void stream_commit(struct stream *s, size_t len_bytes, bool more);
/* Sends memory on loan, of which it keeps references until it has arrived:
 * how many bytes of it, 0 as stream_reserve()'s NULL. */
size_t stream_lend(struct stream *s, const void *mem, size_t len_bytes,
                   struct loan *loan, bool more);
/* Ends what `more` began: a partial segment may go (unless NET_OPT_CORK). */
void stream_flush(struct stream *s);

/* Receiving: the contiguous bytes `off` into what has arrived; 0 at its end.
 * Consuming opens the window again. */
size_t stream_peek(struct stream *s, size_t off, const void **ptr);
void stream_consume(struct stream *s, size_t len_bytes);
size_t stream_unread_bytes(const struct stream *s);
size_t stream_unsent_bytes(const struct stream *s); /* unacknowledged too */

/* No more sending: what is buffered, then FIN. 0 or -ENOTCONN. */
int stream_shutdown(struct stream *s);
/* Gives the stream back. Buffered data is still delivered unless `reset` or
 * unread data say that the peer must get a RST. */
void stream_close(struct stream *s, bool reset);

int stream_set(struct stream *s, enum net_opt opt, int value);
int stream_get(const struct stream *s, enum net_opt opt, int *value);
void stream_info(const struct stream *s, struct stream_info *out);

/* ---- datagrams --------------------------------------------------------- */

struct dgram;

/* One datagram in contiguous memory, received or to be sent. */
struct packet {
    struct list node;
    struct net_addr src, dst;
    uint32_t ifindex;
    uint8_t ttl, tos;     /* received */
    int own_ttl, own_tos; /* to be sent: instead of the socket's; -1: none */
    int64_t real_ns;      /* when it arrived */
    uint8_t *data;
    size_t len_bytes;
    void *impl; /* the stack's own */
};

/* protocol IPPROTO_UDP, or any other for raw sockets (the IPv4 header is seen
 * by readers of raw IPv4 ones, as raw(7) wants it). */
struct dgram *dgram_new(enum net_family family, bool v6only, bool raw,
                        int protocol);
void dgram_set_owner(struct dgram *d, struct net_owner *owner);
int dgram_bind(struct dgram *d, const struct net_addr *addr);
/* NULL or NET_NONE dissolves the association. */
int dgram_connect(struct dgram *d, const struct net_addr *to);
unsigned dgram_ready(const struct dgram *d);
int dgram_take_error(struct dgram *d);
bool dgram_has_error(const struct dgram *d); /* for _take_error() */
void dgram_local(const struct dgram *d, struct net_addr *out);
void dgram_peer(const struct dgram *d, struct net_addr *out); /* NET_NONE */

/* SO_EE_ORIGIN_*'s numbers. */
enum net_origin { NET_ORIGIN_LOCAL = 1, NET_ORIGIN_ICMP, NET_ORIGIN_ICMP6 };

/* Why one could not be delivered (ip(7), IP_RECVERR). */
struct dgram_error {
    struct list node;
    /* Who says so (src; NET_NONE: we do), how that came (dst, ttl ...), and as
     * data what is quoted of the program's datagram. */
    struct packet *packet;
    struct net_addr to; /* where it was to go */
    uint8_t origin;     /* enum net_origin */
    uint8_t type, code; /* of the ICMP message */
    int error;          /* positive errno */
    uint32_t info;      /* MTU of the way, where that was too small */
};

/* NULL: out of memory or too long (more than 65,507 bytes). */
struct packet *packet_new(size_t len_bytes);
void packet_free(struct packet *p);
/* Consumes p. to NULL: the connected peer. p->src (if not NET_NONE) and
 * p->ifindex (if not 0) choose where it leaves, p->own_ttl and p->own_tos (if
 * not -1) how. 0 or -errno. */
int dgram_send(struct dgram *d, struct packet *p, const struct net_addr *to);
/* The oldest received one, still queued; NULL: none. */
struct packet *dgram_first(struct dgram *d);
/* Takes it off the queue; the caller frees it. */
struct packet *dgram_pop(struct dgram *d);
/* Takes the oldest error off its queue; NULL: none. What is pending for
 * dgram_take_error() becomes that of the next one. */
struct dgram_error *dgram_pop_error(struct dgram *d);
void dgram_error_free(struct dgram_error *e);
void dgram_close(struct dgram *d);
enum { ICMP_FILTER_WORDS = 8 };
/* Which types of ICMP a raw socket does not want to see: a bit for each. */
uint32_t *dgram_icmp_filter(struct dgram *d);

int dgram_set(struct dgram *d, enum net_opt opt, int value);
int dgram_get(const struct dgram *d, enum net_opt opt, int *value);
/* Multicast membership on an interface (0: the default one). */
int dgram_join(struct dgram *d, const struct net_addr *group, uint32_t ifindex,
               bool join);

#endif
