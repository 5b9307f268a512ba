/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stays of a connection for a minute after its end (RFC 9293, 3.6.1),
 * and requests to open one that are not finished: small records in the table.
 */
#ifndef EINKORN_KERNEL_NET_TCP_TIME_WAIT_H
#define EINKORN_KERNEL_NET_TCP_TIME_WAIT_H

#include "kernel/net/tcp/conn.h"

/* c has been taken out of the table. */
void time_wait_add(struct conn *c, uint64_t now);
/* A segment for it. True: it is a new connection's SYN, the record is gone,
 * and *iss is beyond the old numbers. */
bool time_wait_segment(struct conn_node *node, const struct segment *seg,
                       uint32_t *iss, uint64_t now);
/* Is one of them bound to this port and address, not to be reused? */
bool time_wait_holds(const struct net_addr *local, bool reuse);
/* A segment without a connection (RFC 9293, 3.10.7.1). */
void reset_stray(const struct segment *seg);
/* One without payload; for what has no connection. tos 0. */
struct bare_segment {
    const struct net_addr *src, *dst;
    struct path *route; /* NULL: looked up */
    uint32_t seq, ack;
    uint16_t window;
    uint8_t flags;
    const uint8_t *options;
    unsigned options_len;
};
void send_bare(const struct bare_segment *s);

#endif
