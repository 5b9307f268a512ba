/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP as seen from IP: segments and ICMP errors in, and the beats of polling.
 */
#ifndef EINKORN_KERNEL_NET_TCP_RECEIVE_H
#define EINKORN_KERNEL_NET_TCP_RECEIVE_H

#include "kernel/net/tcp/conn.h"

/* `header` of header_len bytes begins a TCP segment whose checksum is right;
 * seg has addresses (without ports), payload parts and take. What is not
 * taken belongs to the caller again afterwards. */
void tcp_receive(struct segment *seg, const uint8_t *header,
                 uint32_t header_len);
/* An ICMP error about a segment of ours: error a positive errno, mtu 0 or the
 * path's. */
void tcp_icmp_error(const struct net_addr *local, const struct net_addr *remote,
                    uint32_t seq, int error, uint32_t mtu);
/* At the end of a batch of frames: due acknowledgements. */
void tcp_batch_end(void);
/* Before looking at devices again: also those that waited for an answer. */
void tcp_poll_begin(void);

#endif
