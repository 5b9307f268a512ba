/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio's initialization and queues, in the order of the specification.
 */
#include "kernel/platform/vm/ring3/virtio.h"
#include "kernel/platform/vm/ring3/ring3.h"
#include "lib/string.h"

enum { NO_INTERRUPT = 1, NO_NOTIFY = 1 };

/* Whole pages; the last ones are remembered, since devices share pages. */
volatile void *virtio_map(uint64_t phys, uint64_t len_bytes)
{
    static uint64_t next = VM_MMIO, last_phys, last_end;
    uint64_t first = phys & -PAGE_SIZE;
    uint64_t end = (phys + len_bytes + PAGE_SIZE - 1) & -PAGE_SIZE;

    if (first < last_phys || end > last_end) {
        for (uint64_t at = first; at < end; at += PAGE_SIZE, next += PAGE_SIZE)
            if (vm_call(VM_MAP_MMIO, next, at, 0, 0))
                die("cannot map a virtio device");
        last_phys = first;
        last_end = end;
    }
    return (volatile void *)(next - (last_end - phys));
}

/* ---- initialization (3.1.1) --------------------------------------------- */

uint64_t virtio_negotiate(const struct virtio_dev *dev, uint64_t wanted)
{
    const struct virtio_transport *t = dev->transport;

    t->set_status(dev, 0);
    while (t->status(dev)) /* 4.1.4.3.2: until the reset is done */
        ;
    t->set_status(dev, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
    wanted |= UINT64_C(1) << VIRTIO_VERSION_1 | UINT64_C(1) << VIRTIO_EVENT_IDX;
    wanted &= t->offered(dev);
    t->accept(dev, wanted);
    t->set_status(dev, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
    return t->status(dev) & VIRTIO_FEATURES_OK ? wanted : 0;
}

void *dma_alloc(uint64_t len_bytes, uint64_t *phys)
{
    static uint64_t next = VM_DMA;
    uint64_t addr = next;
    int64_t ret;

    len_bytes = (len_bytes + PAGE_SIZE - 1) & -PAGE_SIZE;
    ret = vm_call(VM_DMA_ALLOC, addr, len_bytes, 0, 0);
    if (ret < 0)
        die("no memory for a virtio queue");
    next += len_bytes;
    *phys = (uint64_t)ret;
    return (void *)addr;
}

bool virtq_init(struct virtq *q, const struct virtio_dev *dev, uint16_t index,
                uint16_t max, uint32_t page_bytes, uint64_t features)
{
    uint64_t desc_len, avail_len, used_len;
    struct virtq_place place;
    uint8_t *mem;

    q->nr = dev->transport->select(dev, index);
    if (!q->nr)
        return false;
    if (q->nr > max)
        q->nr = max;
    q->dev = dev;
    q->index = index;
    q->event_idx = features >> VIRTIO_EVENT_IDX & 1;
    desc_len = sizeof(struct virtq_desc) * q->nr;
    avail_len = (6 + 2u * q->nr + 7) & ~7u;
    used_len = 6 + sizeof(struct virtq_used_elem) * q->nr;
    mem = dma_alloc(desc_len + avail_len + used_len, &place.desc);
    q->desc = (void *)mem;
    q->avail = (void *)(mem + desc_len);
    q->used = (void *)(mem + desc_len + avail_len);
    q->page_bytes = page_bytes;
    q->pages = dma_alloc((uint64_t)page_bytes * q->nr, &q->pages_phys);
    for (uint32_t i = 0; i < q->nr; i++)
        q->desc[i].addr = q->pages_phys + (uint64_t)i * page_bytes;
    place.avail = place.desc + desc_len;
    place.used = place.avail + avail_len;
    q->doorbell = dev->transport->enable(dev, q->nr, &place);
    return true;
}

void virtio_start(const struct virtio_dev *dev)
{
    dev->transport->connect(dev);
    dev->transport->set_status(dev, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER |
                                        VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
}

/* ---- queues (2.7) -------------------------------------------------------- */

static bool on_tcg(void)
{
    enum { HYPERVISOR_LEAF = 0x40000000 };
    uint32_t leaf[4];

    cpuid(HYPERVISOR_LEAF, 0, leaf);
    return !memcmp(&leaf[1], "TCGTCGTCGTCG", 12);
}

static volatile uint16_t *used_event(const struct virtq *q)
{
    return &q->avail->ring[q->nr];
}

static uint16_t avail_event(const struct virtq *q)
{
    return *(volatile uint16_t *)&q->used->ring[q->nr];
}

/*
 * Between what we store and what we then load of the device's words (2.7.13),
 * else each side may go to sleep on the other. TCG of QEMU 7.2 leaves `mfence`
 * out when it emulates one processor, though the device runs on
 * another thread: there, a device register is read, which takes a lock.
 */
static void full_barrier(const struct virtq *q)
{
    static enum { UNKNOWN, FENCE, REGISTER } way;

    if (way == UNKNOWN)
        way = on_tcg() ? REGISTER : FENCE;
    if (way == REGISTER)
        q->dev->transport->status(q->dev);
    else
        __asm__ volatile("mfence" ::: "memory");
}

void virtq_offer(struct virtq *q, uint16_t desc)
{
    q->avail->ring[q->next_avail++ % q->nr] = desc;
}

/* 2.7.13: ring before index, index before the look at whether to notify. */
void virtq_publish(struct virtq *q)
{
    uint16_t old = q->published, now = q->next_avail;
    bool notify;

    if (old == now)
        return;
    __atomic_store_n(&q->avail->idx, now, __ATOMIC_RELEASE);
    q->published = now;
    full_barrier(q);
    if (q->event_idx)
        notify = (uint16_t)(now - avail_event(q) - 1) < (uint16_t)(now - old);
    else
        notify = !(q->used->flags & NO_NOTIFY);
    if (notify)
        q->dev->transport->ring(q->doorbell, q->index);
}

bool virtq_take(struct virtq *q, struct virtq_used_elem *out)
{
    volatile struct virtq_used_elem *elem =
        &q->used->ring[q->last_used++ % q->nr];

    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    out->id = elem->id;
    out->len = elem->len;
    return out->id < q->nr;
}

void virtq_ask(struct virtq *q, uint16_t after)
{
    if (q->event_idx)
        *used_event(q) = (uint16_t)(q->last_used + after - 1);
    else
        q->avail->flags = after ? 0 : NO_INTERRUPT;
    full_barrier(q);
}
