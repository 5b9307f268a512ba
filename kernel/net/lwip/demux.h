/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding a segment's connection in constant time. lwIP walks its lists of
 * connections for each segment; around a call into it we show it only the
 * rest of the list that begins with the right one, or empty lists if there
 * is none.
 */
#ifndef EINKORN_KERNEL_NET_LWIP_DEMUX_H
#define EINKORN_KERNEL_NET_LWIP_DEMUX_H

#include <stdbool.h>

#include "lwip/priv/tcp_priv.h"

/* What was hidden from lwIP. */
struct demux {
    bool narrowed;
    bool hit_waits;      /* it is in TIME_WAIT */
    struct tcp_pcb *hit; /* NULL: no such connection */
    struct tcp_pcb *active, *time_wait;
};

/* Extension arguments of connections. */
enum { EXT_STREAM = 0, EXT_DEMUX = 1 };

/* A connection's addresses are settled: it connects, or its SYN came. */
void demux_add(struct tcp_pcb *pcb);

/* Before and after an IP packet of one pbuf goes into lwIP. */
void demux_begin(struct demux *d, const struct pbuf *p, unsigned ether_type);
void demux_end(struct demux *d);

#endif
