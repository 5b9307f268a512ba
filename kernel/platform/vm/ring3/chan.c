/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-9p (virtio 1.2 reserves device 9; QEMU's virtio-9p-device): host
 * directories. A request and the room for its answer are one chain: slot i
 * owns descriptors 2i (out) and 2i + 1 (in). The mount tag is not looked at;
 * channels are numbered in the order of the devices.
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "kernel/platform/vm/ring3/virtio.h"
#include "lib/string.h"

enum { NR_SLOTS = 4 };

static struct chan {
    struct virtio_dev dev;
    struct virtq q;
    uint32_t free_slots; /* bit mask */
} chans[ABI_MAX_CHAN];
static uint32_t nr_chans;

void chan_attach(const struct virtio_dev *dev, struct abi_boot *boot)
{
    struct chan *chan = &chans[nr_chans];
    uint64_t features;

    if (nr_chans == ABI_MAX_CHAN)
        die("too many host directories (16 at most)");
    chan->dev = *dev;
    features = virtio_negotiate(&chan->dev, 0);
    if (!features || !virtq_init(&chan->q, &chan->dev, 0, 2 * NR_SLOTS,
                                 ABI_CHAN_MSG_MAX, features))
        die("a virtio 9P device lacks what version 1.2 asks for");
    for (uint32_t slot = 0; slot < chan->q.nr / 2u; slot++) {
        struct virtq_desc *out = &chan->q.desc[2 * slot], *in = out + 1;

        out->flags = VIRTQ_NEXT;
        out->next = (uint16_t)(2 * slot + 1);
        in->flags = VIRTQ_WRITE;
        in->len = ABI_CHAN_MSG_MAX;
        chan->free_slots |= 1u << slot;
    }
    virtio_start(&chan->dev);
    virtq_ask(&chan->q, 1);
    boot->nr_chan = ++nr_chans;
}

int64_t chan_send(uint32_t index, const void *msg, uint64_t len_bytes)
{
    struct chan *chan = &chans[index];
    uint32_t slot;

    if (index >= nr_chans)
        return -ENODEV;
    if (!len_bytes || len_bytes > ABI_CHAN_MSG_MAX)
        return -EINVAL;
    if (!chan->free_slots)
        return -EAGAIN;
    slot = (uint32_t)__builtin_ctz(chan->free_slots);
    chan->free_slots &= ~(1u << slot);
    memcpy(virtq_page(&chan->q, 2 * slot), msg, len_bytes);
    chan->q.desc[2 * slot].len = (uint32_t)len_bytes;
    virtq_offer(&chan->q, (uint16_t)(2 * slot));
    virtq_publish(&chan->q);
    return (int64_t)len_bytes;
}

int64_t chan_recv(uint32_t index, void *msg, uint64_t len_bytes)
{
    struct chan *chan = &chans[index];
    struct virtq_used_elem elem;

    if (index >= nr_chans)
        return -ENODEV;
    if (!virtq_has_used(&chan->q)) {
        virtq_ask(&chan->q, 1);
        if (!virtq_has_used(&chan->q))
            return -EAGAIN;
    }
    if (!virtq_take(&chan->q, &elem) || elem.id % 2)
        return -EIO;
    chan->free_slots |= 1u << elem.id / 2;
    if (elem.len > len_bytes || elem.len > ABI_CHAN_MSG_MAX)
        return -EIO;
    memcpy(msg, virtq_page(&chan->q, elem.id + 1), elem.len);
    return elem.len;
}
