/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receiving. Each slot of a batch has a small buffer, which is all that most
 * frames touch, and a large one behind it for what the host joined. Large
 * buffers may be handed over to the stack and are kept in a pool afterwards.
 */
#include "kernel/net/netdev_priv.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "lib/string.h"

enum {
    RX_BATCH = 16,
    RX_ROUNDS = 16, /* batches in one poll: then others get their turn */
    RX_HEAD = 2048,
    RX_TAIL = ABI_NET_FRAME_MAX - RX_HEAD + 64,
    RX_POOL = 64,
};

struct rx_ring {
    struct abi_packet packets[RX_BATCH];
    struct abi_iov iov[RX_BATCH][2];
    void *pool[RX_POOL];
    unsigned nr_pool;
    uint8_t head[RX_BATCH][RX_HEAD] __attribute__((aligned(16)));
};

static void *tail_alloc(struct rx_ring *rx)
{
    return rx->nr_pool ? rx->pool[--rx->nr_pool] : kmalloc(RX_TAIL);
}

int rx_init(struct netdev *nd)
{
    struct rx_ring *rx = kmalloc(sizeof(*rx)); /* do not touch the buffers */

    if (!rx)
        return -ENOMEM;
    rx->nr_pool = 0;
    for (unsigned i = 0; i < RX_BATCH; i++) {
        void *tail = kmalloc(RX_TAIL);

        if (!tail)
            return -ENOMEM;
        rx->iov[i][0].base = (uintptr_t)rx->head[i];
        rx->iov[i][0].len_bytes = RX_HEAD;
        rx->iov[i][1].base = (uintptr_t)tail;
        rx->iov[i][1].len_bytes = RX_TAIL;
        rx->packets[i].iov = rx->iov[i];
        rx->packets[i].nr_iov = 2;
    }
    nd->rx = rx;
    return 0;
}

bool netdev_take_tail(struct netdev *nd, struct rx_frame *frame)
{
    void *fresh = tail_alloc(nd->rx);

    if (!fresh)
        return false;
    nd->rx->iov[frame->slot][1].base = (uintptr_t)fresh;
    return true;
}

void netdev_free_tail(struct netdev *nd, void *tail)
{
    if (nd->rx->nr_pool < RX_POOL)
        nd->rx->pool[nd->rx->nr_pool++] = tail;
    else
        kfree(tail);
}

static void receive(struct netdev *nd, unsigned slot, size_t len)
{
    struct rx_ring *rx = nd->rx;
    struct vnet_hdr hdr;
    size_t head = len < RX_HEAD ? len : RX_HEAD;
    struct rx_frame frame = {.slot = slot};

    if (len < sizeof(hdr) + ETH_HDR_LEN || len > RX_HEAD + RX_TAIL) {
        nd->stats.rx_dropped++;
        return;
    }
    memcpy(&hdr, rx->head[slot], sizeof(hdr));
    frame.head = rx->head[slot] + sizeof(hdr);
    frame.head_len = head - sizeof(hdr);
    frame.tail = (uint8_t *)(uintptr_t)rx->iov[slot][1].base;
    frame.tail_len = len - head;
    frame.csum_ok = hdr.flags & (VNET_NEEDS_CSUM | VNET_DATA_VALID);
    nd->stats.rx_bytes += len - sizeof(hdr);
    if ((hdr.gso_type & ~VNET_GSO_ECN) == VNET_GSO_UDP_L4) {
        if (!uso_receive(nd, &frame, hdr.gso_size))
            nd->stats.rx_dropped++;
        return;
    }
    nd->stats.rx_packets++;
    nd->ops->receive(nd->arg, &frame);
}

bool rx_poll(struct netdev *nd)
{
    bool any = false;

    for (unsigned round = 0; round < RX_ROUNDS; round++) {
        int64_t n = platform.ops.net_recv(nd->dev, nd->rx->packets, RX_BATCH);

        if (n <= 0)
            break;
        any = true;
        for (unsigned i = 0; i < n && i < RX_BATCH; i++)
            receive(nd, i, nd->rx->packets[i].len_bytes);
        nd->ops->batch_end(nd->arg);
        netdev_flush(nd);
        if (n < RX_BATCH)
            break;
    }
    return any;
}
