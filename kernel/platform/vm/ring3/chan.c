/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-9p (virtio 1.2 reserves device 9; QEMU's virtio-9p-device): host
 * directories. A request and the room for its answer are one chain: slot i
 * owns descriptors 2i (out) and 2i + 1 (in). The mount tag is not looked at;
 * channels are numbered in the order of the devices. The own monitor's devices
 * also give what comes unasked (MONITOR_9P_NOTICES).
 */
#include "kernel/platform/vm/ring3/ring3.h"
#include "kernel/platform/vm/ring3/virtio.h"
#include "lib/string.h"

enum { NR_SLOTS = 4, NOTICE_BUFS = 8 };
#define F_NOTICES (UINT64_C(1) << MONITOR_9P_NOTICES)

static struct chan {
    struct virtio_dev dev;
    struct virtq q;
    uint32_t free_slots;  /* bit mask */
    struct virtq notices; /* nr 0: none come */
} chans[ABI_MAX_CHAN];
static uint32_t nr_chans;

static void attach_notices(struct chan *chan, uint64_t features)
{
    struct virtq *q = &chan->notices;

    if (!(features & F_NOTICES) || !virtq_init(q, &chan->dev, 1, NOTICE_BUFS,
                                               MONITOR_NOTICE_BYTES, features))
        return;
    for (uint16_t i = 0; i < q->nr; i++) {
        q->desc[i].len = MONITOR_NOTICE_BYTES;
        q->desc[i].flags = VIRTQ_WRITE;
        virtq_offer(q, i);
    }
    virtq_ask(q, 0);
}

void chan_attach(const struct virtio_dev *dev, struct abi_boot *boot)
{
    struct chan *chan = &chans[nr_chans];
    uint64_t features;

    if (nr_chans == ABI_MAX_CHAN)
        die("too many host directories (16 at most)");
    chan->dev = *dev;
    features = virtio_negotiate(&chan->dev, F_NOTICES);
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
    attach_notices(chan, features);
    virtio_start(&chan->dev);
    virtq_ask(&chan->q, 1);
    if (chan->notices.nr)
        virtq_publish(&chan->notices);
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

/* 0: there is none. */
static uint32_t take_notice(struct chan *chan, void *msg, uint64_t len_bytes)
{
    struct virtq *q = &chan->notices;
    struct virtq_used_elem elem;

    if (!q->nr || !virtq_has_used(q) || !virtq_take(q, &elem))
        return 0;
    if (elem.len > len_bytes || elem.len > MONITOR_NOTICE_BYTES)
        elem.len = 0;
    memcpy(msg, virtq_page(q, elem.id), elem.len);
    virtq_offer(q, (uint16_t)elem.id);
    virtq_publish(q);
    return elem.len;
}

int64_t chan_recv(uint32_t index, void *msg, uint64_t len_bytes)
{
    struct virtq_used_elem elem;
    bool answered, asked = false;
    struct chan *chan;
    uint32_t n;

    index &= ~ABI_CHAN_GLANCE;
    if (index >= nr_chans)
        return -ENODEV;
    chan = &chans[index];
    /* An answer counts when nothing is left that came before it. */
    do {
        answered = virtq_has_used(&chan->q);
        if ((n = take_notice(chan, msg, len_bytes)))
            return n;
        if (!answered && asked)
            return -EAGAIN;
        if (!answered)
            virtq_ask(&chan->q, 1);
        asked = true;
    } while (!answered);
    if (!virtq_take(&chan->q, &elem) || elem.id % 2)
        return -EIO;
    chan->free_slots |= 1u << elem.id / 2;
    if (elem.len > len_bytes || elem.len > ABI_CHAN_MSG_MAX)
        return -EIO;
    memcpy(msg, virtq_page(&chan->q, elem.id + 1), elem.len);
    return elem.len;
}
