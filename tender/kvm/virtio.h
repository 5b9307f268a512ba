/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over MMIO (virtio 1.2, 4.2), the transport: registers, status,
 * queues. What a device does stands behind its ops.
 */
#ifndef EINKORN_TENDER_KVM_VIRTIO_H
#define EINKORN_TENDER_KVM_VIRTIO_H

#include "tender/kvm/monitor.h"
#include "tender/kvm/queue.h"

enum { VIRTIO_MAX_QUEUES = 2 };
enum {
    VIRTIO_NET = 1,
    VIRTIO_BLK = 2,
    VIRTIO_CONSOLE = 3,
    VIRTIO_RNG = 4,
    VIRTIO_9P = 9,
};

#define VIRTIO_F_EVENT_IDX (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1 (UINT64_C(1) << 32)

struct virtio_ops {
    uint32_t id;
    uint32_t nr_queues;
    /* The driver is ready (dev->features are agreed), or has reset. */
    void (*start)(struct virtio_dev *dev);
    void (*stop)(struct virtio_dev *dev);
    /* The driver has added something to this queue. */
    void (*kick)(struct virtio_dev *dev, uint32_t queue);
};

struct virtio_dev {
    const struct virtio_ops *ops;
    uint64_t offered, features;
    uint8_t config[64];
    uint32_t config_bytes;
    uint32_t status, device_sel, driver_sel, queue_sel, isr;
    struct queue queues[VIRTIO_MAX_QUEUES];
    int irq_fd;
};

/* Adds dev to the machine: dev->ops, offered and config are set. */
void virtio_add(struct machine *m, struct virtio_dev *dev);
/* An access of the guest; others than those of registers do nothing. */
void virtio_access(struct machine *m, uint64_t gpa, uint8_t *data,
                   uint32_t len_bytes, bool is_write);
/* What was used becomes visible; raises the interrupt if it is wanted, and
 * says so if a queue is broken. */
void virtio_show(struct virtio_dev *dev, uint32_t queue);
bool virtio_running(const struct virtio_dev *dev);
/* For ops: nothing to do at start or stop. */
void virtio_nothing(struct virtio_dev *dev);

void net_add(struct machine *m, const struct net_arg *arg);
void blk_add(struct machine *m, const struct disk_arg *arg);
void chan_add(struct machine *m, int fd);
/* Gives the guest the watches' events that are there; takes m's lock. */
void chan_look(struct machine *m);
void rng_add(struct machine *m);
/* in_fd -1: no input. */
void con_add(struct machine *m, int in_fd, int out_fd);

#endif
