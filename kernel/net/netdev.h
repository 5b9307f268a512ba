/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network devices of the platform: frames in batches behind virtio-net
 * headers. Knows Ethernet, and enough of IP and TCP to fill in offloads and
 * to join segments; no TCP/IP stack's type.
 */
#ifndef EINKORN_KERNEL_NET_NETDEV_H
#define EINKORN_KERNEL_NET_NETDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/platform.h"

enum {
    ETH_HDR_LEN = 14,
    ETH_P_IP = 0x0800,
    ETH_P_ARP = 0x0806,
    ETH_P_IPV6 = 0x86dd,
};

/* virtio 1.2, 5.1.6: little-endian. */
struct vnet_hdr {
    uint8_t flags, gso_type;
    uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

enum { VNET_NEEDS_CSUM = 1, VNET_DATA_VALID = 2 };
enum {
    VNET_GSO_NONE = 0,
    VNET_GSO_TCPV4 = 1,
    VNET_GSO_TCPV6 = 4,
    VNET_GSO_UDP_L4 = 5,
    VNET_GSO_ECN = 0x80,
};

/* A received frame: two pieces, the second (len 0: none) may be taken over
 * with netdev_take_tail(). */
struct rx_frame {
    const uint8_t *head;
    size_t head_len;
    uint8_t *tail;
    size_t tail_len;
    bool csum_ok;  /* TCP and UDP checksums need no checking */
    unsigned slot; /* netdev's own */
};

struct netdev_ops {
    /* A frame came in. */
    void (*receive)(void *arg, struct rx_frame *frame);
    /* So many frames came in together: answer them now. */
    void (*batch_end)(void *arg);
    /* There is room again after netdev_send() refused. */
    void (*resume)(void *arg);
    /* Memory given to netdev_send() is no longer used. */
    void (*release)(void *token);
};

struct netdev_stats {
    uint64_t rx_packets, rx_bytes, rx_dropped;
    uint64_t tx_packets, tx_bytes, tx_dropped;
};

struct rx_ring;
struct tx_ring;

struct netdev {
    uint32_t dev; /* index of boot->net */
    struct abi_net_info info;
    const struct netdev_ops *ops;
    void *arg;
    struct netdev_stats stats;
    struct rx_ring *rx;
    struct tx_ring *tx;
};

/* 0 or -ENOMEM. */
int netdev_init(struct netdev *nd, uint32_t dev,
                const struct abi_net_info *info, const struct netdev_ops *ops,
                void *arg);

/* Takes in what has come, sends what waits. True if anything was done. */
bool netdev_poll(struct netdev *nd);

/* One Ethernet frame, its headers whole in iov[0]. Checksums of TCP and UDP
 * are left to the device where it does them (ABI_NET_CSUM). cut, if not 0:
 * it is TCP and longer than the MTU; the device (ABI_NET_TSO*) cuts it into
 * segments with so much payload. The memory stays in use until
 * release(token), which may be called at once; without a token until the
 * device is idle. 0, or -ENOBUFS (then the token is still the caller's). */
int netdev_send(struct netdev *nd, const struct abi_iov *iov, unsigned nr,
                uint32_t cut, void *token);
/* Hands what waits to the platform. */
void netdev_flush(struct netdev *nd);
bool netdev_idle(const struct netdev *nd); /* nothing waits */
/* So much waits that it had better go now. */
bool netdev_much_waits(const struct netdev *nd);

/* The receiver keeps frame->tail; give it back with netdev_free_tail(). False:
 * out of memory, copy instead. */
bool netdev_take_tail(struct netdev *nd, struct rx_frame *frame);
void netdev_free_tail(struct netdev *nd, void *tail);

#endif
