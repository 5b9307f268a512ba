/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio's transport and queues, in the order of the specification.
 */
#include "kernel/platform/vm/ring3/virtio.h"
#include "kernel/platform/vm/ring3/ring3.h"
#include "lib/string.h"

#define MMIO_MAGIC 0x74726976u

enum mmio_reg {
    REG_MAGIC = 0x00,
    REG_VERSION = 0x04,
    REG_DEVICE = 0x08,
    REG_DEVICE_FEATURES = 0x10,
    REG_DEVICE_SEL = 0x14,
    REG_DRIVER_FEATURES = 0x20,
    REG_DRIVER_SEL = 0x24,
    REG_QUEUE_SEL = 0x30,
    REG_QUEUE_MAX = 0x34,
    REG_QUEUE_NUM = 0x38,
    REG_QUEUE_READY = 0x44,
    REG_NOTIFY = 0x50,
    REG_ACK = 0x64,
    REG_STATUS = 0x70,
    REG_QUEUE_DESC = 0x80,
    REG_QUEUE_AVAIL = 0x90,
    REG_QUEUE_USED = 0xa0,
    REG_CONFIG = 0x100,
};

enum { ACK_ALL = 3, STATUS_FEATURES_OK = 8 };
enum { STATUS_UP_TO_DRIVER = 1 | 2, STATUS_RUNNING = 1 | 2 | 4 | 8 };
enum { NO_INTERRUPT = 1, NO_NOTIFY = 1 };

static void reg_write(const struct virtio_dev *dev, enum mmio_reg reg,
                      uint32_t value)
{
    dev->regs[reg / 4] = value;
}

static uint32_t reg_read(const struct virtio_dev *dev, enum mmio_reg reg)
{
    return dev->regs[reg / 4];
}

static void reg_write64(const struct virtio_dev *dev, enum mmio_reg reg,
                        uint64_t value)
{
    dev->regs[reg / 4] = (uint32_t)value;
    dev->regs[reg / 4 + 1] = (uint32_t)(value >> 32);
}

/* ---- finding devices ---------------------------------------------------- */

/* One MMIO page of the machine, mapped at the next free address. */
static uint64_t map_page(uint64_t phys)
{
    /* The first page is the monitor's. */
    static uint64_t next = VM_MMIO + PAGE_SIZE, last_phys, last;

    if (phys != last_phys || !last) {
        if (vm_call(VM_MAP_MMIO, next, phys, 0, 0))
            die("cannot map a virtio device");
        last_phys = phys;
        last = next;
        next += PAGE_SIZE;
    }
    return last;
}

static bool probe(struct virtio_dev *dev)
{
    uint64_t base = map_page(dev->phys & -PAGE_SIZE);

    dev->regs = (volatile uint32_t *)(base + dev->phys % PAGE_SIZE);
    if (reg_read(dev, REG_MAGIC) != MMIO_MAGIC)
        return false;
    dev->id = reg_read(dev, REG_DEVICE);
    if (dev->id && reg_read(dev, REG_VERSION) != 2)
        die("virtio devices must be modern: -global "
            "virtio-mmio.force-legacy=false");
    return dev->id != 0;
}

uint32_t virtio_find(const char *cmdline, struct virtio_dev *devs, uint32_t max)
{
    static const char key[] = "virtio_mmio.device=";
    uint32_t nr = 0;

    while (nr < max && (cmdline = strstr(cmdline, key))) {
        struct virtio_dev *dev = &devs[nr];

        cmdline = strchr(cmdline, '@');
        if (!cmdline)
            break;
        dev->phys = str_to_u64(cmdline + 1, &cmdline);
        dev->line =
            *cmdline == ':' ? (uint32_t)str_to_u64(cmdline + 1, &cmdline) : 0;
        if (probe(dev))
            nr++;
    }
    return nr;
}

/* ---- initialization (3.1.1) --------------------------------------------- */

uint64_t virtio_negotiate(const struct virtio_dev *dev, uint64_t wanted)
{
    uint64_t offered;

    reg_write(dev, REG_STATUS, 0);
    reg_write(dev, REG_STATUS, STATUS_UP_TO_DRIVER);
    reg_write(dev, REG_DEVICE_SEL, 1);
    offered = (uint64_t)reg_read(dev, REG_DEVICE_FEATURES) << 32;
    reg_write(dev, REG_DEVICE_SEL, 0);
    offered |= reg_read(dev, REG_DEVICE_FEATURES);
    wanted = offered & (wanted | UINT64_C(1) << VIRTIO_VERSION_1 |
                        UINT64_C(1) << VIRTIO_EVENT_IDX);
    reg_write(dev, REG_DRIVER_SEL, 1);
    reg_write(dev, REG_DRIVER_FEATURES, (uint32_t)(wanted >> 32));
    reg_write(dev, REG_DRIVER_SEL, 0);
    reg_write(dev, REG_DRIVER_FEATURES, (uint32_t)wanted);
    reg_write(dev, REG_STATUS, STATUS_UP_TO_DRIVER | STATUS_FEATURES_OK);
    if (!(reg_read(dev, REG_STATUS) & STATUS_FEATURES_OK))
        return 0;
    return wanted;
}

/* Memory for devices: addresses ascend and are never given back. */
static void *dma_alloc(uint64_t len_bytes, uint64_t *phys)
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
    uint64_t phys, desc_len, avail_len, used_len;
    uint8_t *mem;

    reg_write(dev, REG_QUEUE_SEL, index);
    q->nr = (uint16_t)reg_read(dev, REG_QUEUE_MAX);
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
    mem = dma_alloc(desc_len + avail_len + used_len, &phys);
    q->desc = (void *)mem;
    q->avail = (void *)(mem + desc_len);
    q->used = (void *)(mem + desc_len + avail_len);
    q->page_bytes = page_bytes;
    q->pages = dma_alloc((uint64_t)page_bytes * q->nr, &q->pages_phys);
    for (uint32_t i = 0; i < q->nr; i++)
        q->desc[i].addr = q->pages_phys + (uint64_t)i * page_bytes;
    reg_write(dev, REG_QUEUE_NUM, q->nr);
    reg_write64(dev, REG_QUEUE_DESC, phys);
    reg_write64(dev, REG_QUEUE_AVAIL, phys + desc_len);
    reg_write64(dev, REG_QUEUE_USED, phys + desc_len + avail_len);
    reg_write(dev, REG_QUEUE_READY, 1);
    return true;
}

void virtio_start(const struct virtio_dev *dev)
{
    vm_call(VM_IRQ, dev->line, dev->phys + REG_ACK, ACK_ALL, 0);
    reg_write(dev, REG_STATUS, STATUS_RUNNING);
}

uint8_t virtio_config8(const struct virtio_dev *dev, uint32_t offset)
{
    return ((volatile uint8_t *)dev->regs)[REG_CONFIG + offset];
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
        reg_read(q->dev, REG_STATUS);
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
        reg_write(q->dev, REG_NOTIFY, q->index);
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
