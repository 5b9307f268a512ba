/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending, and the device as a whole. Frames wait in a ring until the stack
 * pauses (netdev_flush) or the platform has room again; the newest one may
 * still grow by the segments that continue it.
 */
#include "kernel/net/netdev.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/net/netdev_priv.h"
#include "lib/string.h"

enum {
    TX_RING = 64,
    TX_BATCH = 16,
    TOGETHER = 32, /* enough to make the receiver busy meanwhile */
    TOGETHER_BYTES = 32 << 10,
};

struct tx_ring {
    struct tx_frame *frames[TX_RING]; /* [head], [head+1] ... nr of them */
    unsigned head, nr;
    unsigned bytes; /* about so many wait */
    bool refused;   /* netdev_send() said -ENOBUFS since the last resume */
};

static struct tx_frame *slot(struct tx_ring *tx, unsigned i)
{
    return tx->frames[(tx->head + i) % TX_RING];
}

int tx_init(struct netdev *nd)
{
    struct tx_ring *tx = kzalloc(sizeof(*tx));

    if (!tx)
        return -ENOMEM;
    nd->tx = tx;
    return 0;
}

/* Behind the newest one; made when it is first needed. NULL: no memory. */
static struct tx_frame *fresh(struct tx_ring *tx)
{
    struct tx_frame **f = &tx->frames[(tx->head + tx->nr) % TX_RING];

    if (!*f)
        *f = kmalloc(sizeof(**f));
    return *f;
}

int netdev_init(struct netdev *nd, uint32_t dev,
                const struct abi_net_info *info, const struct netdev_ops *ops,
                void *arg)
{
    int err;

    memset(nd, 0, sizeof(*nd));
    nd->dev = dev;
    nd->info = *info;
    nd->ops = ops;
    nd->arg = arg;
    err = rx_init(nd);
    return err ? err : tx_init(nd);
}

static bool can_join(const struct netdev *nd, const struct tx_frame *f)
{
    uint32_t cut = f->udp ? ABI_NET_USO : f->v6 ? ABI_NET_TSO6 : ABI_NET_TSO4;
    uint32_t need = ABI_NET_CSUM | cut;

    return (nd->info.features & need) == need;
}

int netdev_send(struct netdev *nd, const struct abi_iov *iov, unsigned nr,
                uint32_t cut, void *token)
{
    struct tx_ring *tx = nd->tx;
    struct tx_frame *f = tx->nr ? slot(tx, tx->nr - 1) : NULL;

    if (cut || !f || !can_join(nd, f) || !gso_join(f, iov, nr)) {
        if (tx->nr == TX_RING)
            netdev_flush(nd);
        if (tx->nr == TX_RING) {
            tx->refused = true;
            nd->stats.tx_dropped++;
            return -ENOBUFS;
        }
        f = fresh(tx);
        if (!f || gso_begin(f, iov, nr) < 0)
            return -ENOBUFS;
        if (cut)
            gso_cut(f, cut);
        tx->nr++;
    }
    if (token)
        f->tokens[f->nr_tokens++] = token;
    for (unsigned i = 0; i < nr; i++)
        tx->bytes += (unsigned)iov[i].len_bytes;
    return 0;
}

static void sent(struct netdev *nd, struct tx_frame *f)
{
    nd->stats.tx_packets += f->nr_segs;
    nd->stats.tx_bytes += f->headers_len + f->payload_len;
    for (unsigned i = 0; i < f->nr_tokens; i++)
        nd->ops->release(f->tokens[i]);
}

/* Frames handed over, or 0. */
static unsigned send_batch(struct netdev *nd)
{
    struct tx_ring *tx = nd->tx;
    struct abi_packet packets[TX_BATCH];
    unsigned nr = tx->nr < TX_BATCH ? tx->nr : TX_BATCH;
    int64_t n;

    for (unsigned i = 0; i < nr; i++) {
        struct tx_frame *f = slot(tx, i);

        gso_finish(f, nd->info.features & ABI_NET_CSUM);
        packets[i].iov = f->iov;
        packets[i].nr_iov = f->nr_iov;
        packets[i].len_bytes =
            (uint32_t)(sizeof(f->vnet) + f->headers_len) + f->payload_len;
    }
    n = platform.ops.net_send(nd->dev, packets, nr);
    if (n == -EAGAIN)
        return 0;
    if (n <= 0 || n > nr) { /* this one will never go: drop it */
        nd->stats.tx_dropped++;
        n = 1;
    }
    for (unsigned i = 0; i < n; i++) {
        struct tx_frame *f = slot(tx, 0);

        tx->head = (tx->head + 1) % TX_RING;
        tx->nr--;
        sent(nd, f);
    }
    if (!tx->nr) /* the same few frames stay in the cache */
        tx->head = tx->bytes = 0;
    return (unsigned)n;
}

void netdev_flush(struct netdev *nd)
{
    while (nd->tx->nr && send_batch(nd))
        ;
}

bool netdev_idle(const struct netdev *nd)
{
    return nd->tx->nr == 0;
}

bool netdev_much_waits(const struct netdev *nd)
{
    return nd->tx->nr >= TOGETHER || nd->tx->bytes >= TOGETHER_BYTES;
}

bool netdev_poll(struct netdev *nd)
{
    unsigned waiting = nd->tx->nr;
    bool any;

    netdev_flush(nd);
    any = nd->tx->nr < waiting;
    if (nd->tx->refused && nd->tx->nr < TX_RING / 2) {
        nd->tx->refused = false;
        nd->ops->resume(nd->arg);
    }
    any |= rx_poll(nd);
    netdev_flush(nd);
    return any;
}
