/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-net (virtio 1.2, 5.1): one receive and one transmit queue, mergeable
 * receive buffers of a page, checksum and segmentation offload. Interrupts
 * are asked for only when a queue was found empty, or full: so the kernel
 * hears of a device once until it looks again.
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "kernel/platform/vm/ring3/virtio.h"
#include "lib/string.h"

enum { QUEUE_RX = 0, QUEUE_TX = 1, NR_DESC = 256 };
enum { CONFIG_MAC = 0, CONFIG_MTU = 10, NUM_BUFFERS = 10, MTU_DEFAULT = 1500 };

enum { DRAIN_NS = 200000000 };

enum net_feature_bit {
    NET_CSUM = 0,
    NET_GUEST_CSUM = 1,
    NET_MTU = 3,
    NET_MAC = 5,
    NET_GUEST_TSO4 = 7,
    NET_GUEST_TSO6 = 8,
    NET_HOST_TSO4 = 11,
    NET_HOST_TSO6 = 12,
    NET_MRG_RXBUF = 15,
};

static const struct {
    uint8_t bit;
    uint32_t abi;
} offloads[] = {
    {NET_CSUM, ABI_NET_CSUM},
    {NET_GUEST_CSUM, ABI_NET_GUEST_CSUM},
    {NET_HOST_TSO4, ABI_NET_TSO4},
    {NET_HOST_TSO6, ABI_NET_TSO6},
    {NET_GUEST_TSO4, ABI_NET_GUEST_TSO4},
    {NET_GUEST_TSO6, ABI_NET_GUEST_TSO6},
};

struct net {
    struct virtio_dev dev;
    struct virtq rx, tx;
    uint16_t tx_free[NR_DESC]; /* stack of descriptors */
    uint32_t nr_tx_free;
};

static struct net nets[ABI_MAX_NET];
static uint32_t nr_nets;

/* ---- set-up -------------------------------------------------------------- */

static void describe(const struct net *net, uint64_t features,
                     struct abi_net_info *info)
{
    for (uint32_t i = 0; i < 6; i++)
        info->mac[i] = virtio_config8(&net->dev, CONFIG_MAC + i);
    info->mtu = MTU_DEFAULT;
    if (features >> NET_MTU & 1)
        info->mtu = (uint16_t)(virtio_config8(&net->dev, CONFIG_MTU) |
                               virtio_config8(&net->dev, CONFIG_MTU + 1) << 8);
    for (uint32_t i = 0; i < sizeof(offloads) / sizeof(offloads[0]); i++)
        if (features >> offloads[i].bit & 1)
            info->features |= offloads[i].abi;
}

static void fill_rx(struct net *net)
{
    for (uint16_t i = 0; i < net->rx.nr; i++) {
        net->rx.desc[i].len = net->rx.page_bytes;
        net->rx.desc[i].flags = VIRTQ_WRITE;
        virtq_offer(&net->rx, i);
    }
    virtq_publish(&net->rx);
    virtq_ask(&net->rx, 1);
}

void net_attach(const struct virtio_dev *dev, struct abi_boot *boot)
{
    uint64_t wanted = UINT64_C(1) << NET_MTU | UINT64_C(1) << NET_MAC |
                      UINT64_C(1) << NET_MRG_RXBUF;
    struct net *net = &nets[nr_nets];
    uint64_t features;

    if (nr_nets == ABI_MAX_NET)
        die("too many network devices (4 at most)");
    for (uint32_t i = 0; i < sizeof(offloads) / sizeof(offloads[0]); i++)
        wanted |= UINT64_C(1) << offloads[i].bit;
    net->dev = *dev;
    features = virtio_negotiate(&net->dev, wanted);
    if (!(features >> NET_MRG_RXBUF & 1) ||
        !virtq_init(&net->rx, &net->dev, QUEUE_RX, NR_DESC, PAGE_SIZE,
                    features) ||
        !virtq_init(&net->tx, &net->dev, QUEUE_TX, NR_DESC, PAGE_SIZE,
                    features))
        die("a virtio network device lacks what version 1.2 asks for");
    for (uint16_t i = 0; i < net->tx.nr; i++)
        net->tx_free[net->nr_tx_free++] = i;
    describe(net, features, &boot->net[nr_nets]);
    virtio_start(&net->dev);
    fill_rx(net);
    virtq_ask(&net->tx, 0);
    boot->nr_net = ++nr_nets;
}

/* ---- copying between packets and pages ------------------------------------
 */

/* A place in a packet's vectors. */
struct cursor {
    const struct abi_iov *iov;
    uint32_t left;
    uint64_t off;
};

/* Copies up to len bytes to (or from) the packet; returns how many fitted. */
static uint64_t copy(struct cursor *c, uint8_t *page, uint64_t len,
                     bool to_packet)
{
    uint64_t done = 0;

    while (done < len && c->left) {
        uint64_t room = c->iov->len_bytes - c->off;
        uint64_t n = room < len - done ? room : len - done;
        uint8_t *mem = (uint8_t *)c->iov->base + c->off;

        memcpy(to_packet ? mem : page + done, to_packet ? page + done : mem, n);
        done += n;
        c->off += n;
        if (c->off == c->iov->len_bytes) {
            c->iov++;
            c->left--;
            c->off = 0;
        }
    }
    return done;
}

static struct cursor cursor_of(const struct abi_packet *packet)
{
    return (struct cursor){packet->iov, packet->nr_iov, 0};
}

/* ---- sending ---------------------------------------------------------------
 */

static void free_chain(struct net *net, uint16_t desc)
{
    for (uint32_t i = 0; i < net->tx.nr; i++) {
        net->tx_free[net->nr_tx_free++] = desc;
        if (!(net->tx.desc[desc].flags & VIRTQ_NEXT))
            return;
        desc = net->tx.desc[desc].next;
    }
}

static void reclaim(struct net *net)
{
    struct virtq_used_elem elem;

    while (virtq_has_used(&net->tx))
        if (virtq_take(&net->tx, &elem))
            free_chain(net, (uint16_t)elem.id);
}

static bool tx_room(struct net *net, uint32_t nr)
{
    if (net->nr_tx_free >= nr)
        return true;
    reclaim(net);
    return net->nr_tx_free >= nr;
}

static uint64_t packet_len(const struct abi_packet *packet)
{
    uint64_t len = 0;

    for (uint32_t i = 0; i < packet->nr_iov; i++)
        len += packet->iov[i].len_bytes;
    return len;
}

/* Takes one frame; false: no room, and an interrupt will tell when there is
 * some again. */
static bool send_one(struct net *net, const struct abi_packet *packet)
{
    uint64_t len = packet_len(packet);
    uint32_t nr = (uint32_t)((len + PAGE_SIZE - 1) / PAGE_SIZE);
    struct cursor c = cursor_of(packet);
    struct virtq_desc *last = NULL;
    uint16_t head = 0;

    if (len <= ABI_NET_HDR_SIZE || len > ABI_NET_FRAME_MAX)
        return true; /* no frame at all: dropped */
    if (!tx_room(net, nr)) {
        virtq_ask(&net->tx, 1);
        if (!tx_room(net, nr))
            return false;
        virtq_ask(&net->tx, 0);
    }
    for (uint32_t i = 0; i < nr; i++) {
        uint16_t id = net->tx_free[--net->nr_tx_free];
        struct virtq_desc *desc = &net->tx.desc[id];

        desc->len =
            (uint32_t)copy(&c, virtq_page(&net->tx, id), PAGE_SIZE, false);
        desc->flags = 0;
        if (last) {
            last->flags = VIRTQ_NEXT;
            last->next = id;
        } else {
            head = id;
        }
        last = desc;
    }
    virtq_offer(&net->tx, head);
    return true;
}

int64_t net_send(uint32_t dev, const struct abi_packet *packets,
                 uint32_t nr_packets)
{
    struct net *net = &nets[dev];
    uint32_t n = 0;

    if (dev >= nr_nets)
        return -ENODEV;
    while (n < nr_packets && send_one(net, &packets[n]))
        n++;
    virtq_publish(&net->tx);
    return n || !nr_packets ? (int64_t)n : -EAGAIN;
}

/* A machine that ends takes with it what its devices have not looked at. */
void net_drain(void)
{
    const uint64_t end = clock_mono_ns() + DRAIN_NS;

    for (uint32_t i = 0; i < nr_nets; i++)
        while (nets[i].tx.used->idx != nets[i].tx.published &&
               clock_mono_ns() < end)
            __builtin_ia32_pause();
}

/* ---- receiving --------------------------------------------------------------
 */

/* Takes one frame, of several buffers maybe. False: it did not fit. */
static bool recv_one(struct net *net, struct abi_packet *packet)
{
    struct cursor c = cursor_of(packet);
    uint64_t total = 0, copied = 0;
    uint32_t left = 1;

    for (bool first = true; left && virtq_has_used(&net->rx); left--) {
        struct virtq_used_elem elem;
        uint8_t *page;

        if (!virtq_take(&net->rx, &elem))
            return false;
        page = virtq_page(&net->rx, elem.id);
        if (elem.len > net->rx.page_bytes)
            elem.len = net->rx.page_bytes;
        if (first)
            left = page[NUM_BUFFERS] | (uint32_t)page[NUM_BUFFERS + 1] << 8;
        first = false;
        left = left ? left : 1;
        total += elem.len;
        copied += copy(&c, page, elem.len, true);
        virtq_offer(&net->rx, (uint16_t)elem.id);
    }
    packet->len_bytes = (uint32_t)total;
    return copied == total && total > ABI_NET_HDR_SIZE;
}

int64_t net_recv(uint32_t dev, struct abi_packet *packets, uint32_t nr_packets)
{
    struct net *net = &nets[dev];
    uint32_t n = 0;

    if (dev >= nr_nets)
        return -ENODEV;
    while (n < nr_packets) {
        if (!virtq_has_used(&net->rx)) {
            virtq_ask(&net->rx, 1);
            if (!virtq_has_used(&net->rx))
                break;
        }
        if (recv_one(net, &packets[n]))
            n++;
    }
    virtq_publish(&net->rx);
    return n || !nr_packets ? (int64_t)n : -EAGAIN;
}
