/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio 1.2 with split virtqueues (2.7), over MMIO (4.2) or PCI (4.1): each
 * transport is one struct virtio_transport. A queue's buffers are this
 * driver's own pages, one for each descriptor: data is copied, since what the
 * kernel passes is contiguous in its address space only.
 */
#ifndef EINKORN_VM_VIRTIO_H
#define EINKORN_VM_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

enum virtio_id {
    VIRTIO_NET = 1,
    VIRTIO_BLK = 2,
    VIRTIO_CONSOLE = 3,
    VIRTIO_RNG = 4,
    VIRTIO_9P = 9,
};

enum virtio_feature_bit {
    VIRTIO_EVENT_IDX = 29,
    VIRTIO_VERSION_1 = 32,
};

enum virtio_status {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
};

struct virtio_dev;

/* Where a queue's three parts lie, physical addresses. */
struct virtq_place {
    uint64_t desc, avail, used;
};

/* How one reaches a device. */
struct virtio_transport {
    uint8_t (*status)(const struct virtio_dev *dev);
    void (*set_status)(const struct virtio_dev *dev, uint8_t status);
    uint64_t (*offered)(const struct virtio_dev *dev);
    void (*accept)(const struct virtio_dev *dev, uint64_t features);
    /* Selects a queue; returns how many descriptors it may have, 0: none. */
    uint16_t (*select)(const struct virtio_dev *dev, uint16_t queue);
    /* Turns the selected queue on; returns its doorbell. */
    volatile void *(*enable)(const struct virtio_dev *dev, uint16_t nr,
                             const struct virtq_place *place);
    void (*ring)(volatile void *doorbell, uint16_t queue);
    /* Interrupts lead to the shim from here on. */
    void (*connect)(const struct virtio_dev *dev);
};

struct virtio_dev {
    const struct virtio_transport *transport;
    volatile uint8_t *regs;   /* MMIO: all; PCI: the common configuration */
    volatile uint8_t *config; /* the device's own */
    uint32_t id;              /* enum virtio_id */
    uint32_t line;            /* MMIO: interrupt line */
    uint64_t phys;            /* MMIO: of regs */
    volatile uint8_t *notify; /* PCI: doorbells lie behind it, */
    uint32_t notify_step;     /* this many bytes apart */
    uint32_t function;        /* PCI: its address (pci.h) */
};

struct virtq_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags, next;
};

enum { VIRTQ_NEXT = 1, VIRTQ_WRITE = 2 };

struct virtq_avail {
    uint16_t flags, idx, ring[];
};

struct virtq_used_elem {
    uint32_t id, len;
};

struct virtq_used {
    uint16_t flags, idx;
    struct virtq_used_elem ring[];
};

struct virtq {
    const struct virtio_dev *dev;
    volatile void *doorbell;
    struct virtq_desc *desc;
    struct virtq_avail *avail;
    volatile struct virtq_used *used;
    uint8_t *pages; /* descriptor i's buffer: pages + i * page_bytes */
    uint64_t pages_phys;
    uint32_t page_bytes;
    uint16_t index, nr;
    uint16_t next_avail; /* what avail->idx will be */
    uint16_t published;  /* what it is */
    uint16_t last_used;
    bool event_idx;
};

/* Finds what the command line's "virtio_mmio.device=SIZE@ADDR:LINE" name.
 * Returns how many, at most max. */
uint32_t virtio_mmio_find(const char *cmdline, struct virtio_dev *devs,
                          uint32_t max);
/* The same, of what is on the PCI buses. */
uint32_t virtio_pci_find(struct virtio_dev *devs, uint32_t max);
/* Maps device registers, uncached. */
volatile void *virtio_map(uint64_t phys, uint64_t len_bytes);

/* Reset up to FEATURES_OK. Returns the accepted features, which include
 * VERSION_1, or 0: the device refused. */
uint64_t virtio_negotiate(const struct virtio_dev *dev, uint64_t wanted);
/* Makes queue `index` with at most max descriptors; false: no such queue. */
bool virtq_init(struct virtq *q, const struct virtio_dev *dev, uint16_t index,
                uint16_t max, uint32_t page_bytes, uint64_t features);
/* DRIVER_OK, interrupts on. */
void virtio_start(const struct virtio_dev *dev);

static inline uint8_t virtio_config8(const struct virtio_dev *dev,
                                     uint32_t offset)
{
    return dev->config[offset];
}

static inline uint8_t *virtq_page(const struct virtq *q, uint32_t desc)
{
    return q->pages + (uint64_t)desc * q->page_bytes;
}

static inline bool virtq_has_used(const struct virtq *q)
{
    return q->used->idx != q->last_used;
}

/* Offers the chain that starts at desc; virtq_publish() shows it. */
void virtq_offer(struct virtq *q, uint16_t desc);
void virtq_publish(struct virtq *q);
/* The next used element; only if virtq_has_used(). False: the device sent a
 * descriptor number that cannot be (it was dropped). */
bool virtq_take(struct virtq *q, struct virtq_used_elem *out);
/* Asks for an interrupt when `after` more elements are used; 0: never. Then
 * look once more before going to sleep. */
void virtq_ask(struct virtq *q, uint16_t after);

#endif
