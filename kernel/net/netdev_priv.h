/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the files of a network device: receiving, sending, and the headers
 * of frames on their way out.
 */
#ifndef EINKORN_KERNEL_NET_NETDEV_PRIV_H
#define EINKORN_KERNEL_NET_NETDEV_PRIV_H

#include "kernel/net/netdev.h"

enum {
    TX_HEADERS_MAX = 160, /* Ethernet, IP with options, TCP with options */
    TX_IOV_MAX = 64,
    IP_LEN_MAX = 65535,
};

/* One frame to be sent, maybe of several TCP segments: a private copy of the
 * headers, then payload that stays where it is. */
struct tx_frame {
    struct vnet_hdr vnet; /* and headers behind it: one piece */
    uint8_t headers[TX_HEADERS_MAX];
    unsigned headers_len;
    unsigned payload_len;
    unsigned first_len; /* payload of the first segment or datagram */
    unsigned nr_segs;
    uint32_t next_seq;
    uint16_t ip_len, l4_len; /* header lengths, l4_len 0: cannot be joined */
    bool v6, udp;
    bool finished;
    bool open;                      /* more segments may follow */
    bool growable;                  /* at least a FIN may */
    struct abi_iov iov[TX_IOV_MAX]; /* [0]: vnet and headers */
    unsigned nr_iov;
    void *tokens[TX_IOV_MAX];
    unsigned nr_tokens;
};

int rx_init(struct netdev *nd);
bool rx_poll(struct netdev *nd);
int tx_init(struct netdev *nd);

/* Hands on each of the frame's datagrams. False: it is dropped. */
bool uso_receive(struct netdev *nd, const struct rx_frame *f, unsigned each);

/* Begins a frame: copies headers, remembers payload. 0 or -ENOBUFS (too many
 * pieces). */
int gso_begin(struct tx_frame *f, const struct abi_iov *iov, unsigned nr);
/* What was just begun is to be cut into segments with `cut` bytes each. */
void gso_cut(struct tx_frame *f, uint32_t cut);
/* Adds a segment to f if it continues it. */
bool gso_join(struct tx_frame *f, const struct abi_iov *iov, unsigned nr);
/* Fills in lengths, checksums and the virtio-net header. csum: the device
 * completes TCP and UDP checksums. Once only; nothing may join afterwards. */
void gso_finish(struct tx_frame *f, bool csum);

#endif
