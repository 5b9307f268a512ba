/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Half-open connections: a SYN came and was answered (RFC 9293, 3.10.7.2).
 */
#ifndef EINKORN_KERNEL_NET_TCP_REQUEST_H
#define EINKORN_KERNEL_NET_TCP_REQUEST_H

#include "kernel/net/tcp/conn.h"

struct stream;

/* seg is a SYN for the listener. iss 0: a new one is made. */
void request_new(struct stream *listener, const struct segment *seg,
                 const struct conn_key *key, uint32_t iss, uint64_t now);
/* A segment for a half-open connection. */
void request_segment(struct conn_node *node, struct segment *seg, uint64_t now);
/* The listener goes away. */
void requests_drop(struct stream *listener);
/* RFC 6528: a clock of 4 microseconds and a keyed hash. */
uint32_t isn_make(const struct conn_key *key, uint64_t now);

#endif
