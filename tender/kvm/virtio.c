/* SPDX-License-Identifier: BSD-2-Clause */
/* See virtio.h. Registers are 32 bits wide, accesses of other sizes are
 * answered with zeroes outside of the configuration space. */
#include "tender/kvm/virtio.h"

#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "abi/virtio_mmio.h"

enum { DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 64 };
enum { ISR_USED = 1, ISR_CONFIG = 2, DEV_BYTES = 4096 };

static void raise_line(struct virtio_dev *dev, uint32_t reason)
{
    const uint64_t one = 1;

    dev->isr |= reason;
    (void)!write(dev->irq_fd, &one, sizeof(one));
}

bool virtio_running(const struct virtio_dev *dev)
{
    return dev->status & DRIVER_OK && !(dev->status & NEEDS_RESET);
}

void virtio_nothing(struct virtio_dev *dev)
{
    (void)dev;
}

void virtio_show(struct virtio_dev *dev, uint32_t queue)
{
    struct queue *q = &dev->queues[queue];

    if (q->ready && queue_show(q))
        raise_line(dev, ISR_USED);
    if (q->broken && !(dev->status & NEEDS_RESET)) {
        dev->status |= NEEDS_RESET;
        say("device %u, queue %u: the guest broke the rules of virtio; the "
            "device stops",
            dev->ops->id, queue);
        raise_line(dev, ISR_CONFIG);
    }
}

static void reset(struct virtio_dev *dev)
{
    if (dev->status & DRIVER_OK)
        dev->ops->stop(dev);
    dev->status = dev->isr = 0;
    dev->features = 0;
    for (uint32_t i = 0; i < VIRTIO_MAX_QUEUES; i++) {
        const struct gmem *mem = dev->queues[i].mem;

        dev->queues[i] = (struct queue){.mem = mem};
    }
}

/* 3.1.1: features that were not offered, or no version 1, are refused. */
static bool features_ok(const struct virtio_dev *dev)
{
    return !(dev->features & ~dev->offered) &&
           dev->features & VIRTIO_F_VERSION_1;
}

/* Bits are added one after the other; only a reset takes them away (2.1.1).
 * So start() and stop() alternate, whatever a driver writes. */
static void set_status(struct virtio_dev *dev, uint32_t value)
{
    uint32_t old = dev->status;

    if (value == 0) {
        reset(dev);
        return;
    }
    if (value & FEATURES_OK && !(old & FEATURES_OK) && !features_ok(dev))
        value &= ~(uint32_t)(FEATURES_OK | DRIVER_OK);
    if (value & DRIVER_OK && !((value | old) & FEATURES_OK))
        value = NEEDS_RESET;
    dev->status = (value & 0xff) | old;
    if (dev->status & DRIVER_OK && !(old & DRIVER_OK))
        dev->ops->start(dev);
}

static void set_half(uint64_t *word, bool high, uint32_t value)
{
    if (high)
        *word = (*word & UINT32_MAX) | (uint64_t)value << 32;
    else
        *word = (*word & ~(uint64_t)UINT32_MAX) | value;
}

static void write_queue(struct virtio_dev *dev, uint32_t reg, uint32_t value)
{
    struct queue *q = &dev->queues[dev->queue_sel % VIRTIO_MAX_QUEUES];

    if (dev->queue_sel >= dev->ops->nr_queues || q->ready || q->broken ||
        !(dev->status & FEATURES_OK))
        return;
    switch (reg) {
    case REG_QUEUE_NUM:
        q->num = value;
        return;
    case REG_QUEUE_READY:
        q->event_idx = dev->features & VIRTIO_F_EVENT_IDX;
        if (value == 1 && !queue_enable(q))
            virtio_show(dev, dev->queue_sel);
        return;
    case REG_QUEUE_DESC:
    case REG_QUEUE_DESC + 4:
        set_half(&q->desc_gpa, reg & 4, value);
        return;
    case REG_QUEUE_AVAIL:
    case REG_QUEUE_AVAIL + 4:
        set_half(&q->avail_gpa, reg & 4, value);
        return;
    case REG_QUEUE_USED:
    case REG_QUEUE_USED + 4:
        set_half(&q->used_gpa, reg & 4, value);
        return;
    default:
        return;
    }
}

static void write_reg(struct virtio_dev *dev, uint32_t reg, uint32_t value)
{
    switch (reg) {
    case REG_DEVICE_SEL:
        dev->device_sel = value;
        return;
    case REG_DRIVER_SEL:
        dev->driver_sel = value;
        return;
    case REG_DRIVER_FEATURES:
        if (dev->driver_sel < 2 && !(dev->status & FEATURES_OK))
            set_half(&dev->features, dev->driver_sel, value);
        return;
    case REG_QUEUE_SEL:
        dev->queue_sel = value;
        return;
    case REG_NOTIFY: /* where no ioeventfd caught it */
        if (value < dev->ops->nr_queues && virtio_running(dev))
            dev->ops->kick(dev, value);
        return;
    case REG_ACK:
        dev->isr &= ~value;
        return;
    case REG_STATUS:
        set_status(dev, value);
        return;
    default:
        write_queue(dev, reg, value);
    }
}

static uint32_t read_reg(const struct virtio_dev *dev, uint32_t reg)
{
    bool has_queue = dev->queue_sel < dev->ops->nr_queues;

    switch (reg) {
    case REG_MAGIC:
        return 0x74726976;
    case REG_VERSION:
        return 2;
    case REG_DEVICE:
        return dev->ops->id;
    case REG_VENDOR:
        return 0x4b4e4945; /* "EINK" */
    case REG_DEVICE_FEATURES:
        return dev->device_sel < 2
                   ? (uint32_t)(dev->offered >> 32 * dev->device_sel)
                   : 0;
    case REG_QUEUE_MAX:
        return has_queue ? QUEUE_MAX : 0;
    case REG_QUEUE_READY:
        return has_queue && dev->queues[dev->queue_sel].ready;
    case REG_ISR:
        return dev->isr;
    case REG_STATUS:
        return dev->status;
    default:
        return 0;
    }
}

static void read_config(const struct virtio_dev *dev, uint32_t off,
                        uint8_t *data, uint32_t len_bytes)
{
    for (uint32_t i = 0; i < len_bytes; i++)
        if (off + i < dev->config_bytes)
            data[i] = dev->config[off + i];
}

static void access_dev(struct virtio_dev *dev, uint32_t reg, uint8_t *data,
                       uint32_t len_bytes, bool is_write)
{
    uint32_t value = 0;

    if (!is_write)
        memset(data, 0, len_bytes);
    if (reg >= REG_CONFIG) {
        if (!is_write)
            read_config(dev, reg - REG_CONFIG, data, len_bytes);
        return;
    }
    if (len_bytes != 4 || reg % 4)
        return;
    if (is_write) {
        memcpy(&value, data, 4);
        write_reg(dev, reg, value);
    } else {
        value = read_reg(dev, reg);
        memcpy(data, &value, 4);
    }
}

void virtio_access(struct machine *m, uint64_t gpa, uint8_t *data,
                   uint32_t len_bytes, bool is_write)
{
    uint64_t off = gpa - GPA_VIRTIO;

    if (gpa < GPA_VIRTIO || off / DEV_BYTES >= m->nr_devs || len_bytes > 8)
        return;
    pthread_mutex_lock(&m->lock);
    access_dev(m->devs[off / DEV_BYTES], off % DEV_BYTES, data, len_bytes,
               is_write);
    pthread_mutex_unlock(&m->lock);
}

/* ---- adding devices ----------------------------------------------------- */

struct doorbell {
    struct virtio_dev *dev;
    uint32_t queue;
    int fd;
};

static void rung(struct machine *m, void *arg, uint32_t events)
{
    struct doorbell *bell = arg;
    uint64_t count;

    (void)m;
    (void)events;
    if (read(bell->fd, &count, sizeof(count)) == (ssize_t)sizeof(count) &&
        virtio_running(bell->dev))
        bell->dev->ops->kick(bell->dev, bell->queue);
}

void virtio_add(struct machine *m, struct virtio_dev *dev)
{
    static struct doorbell bells[MAX_VIRTIO * VIRTIO_MAX_QUEUES];
    static uint32_t nr_bells;
    uint64_t gpa = GPA_VIRTIO + (uint64_t)m->nr_devs * DEV_BYTES;

    if (m->nr_devs == MAX_VIRTIO)
        die("more than %d devices", MAX_VIRTIO);
    dev->irq_fd = machine_irqfd(m, machine_line_of(m->nr_devs));
    dev->offered |= VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX;
    for (uint32_t i = 0; i < dev->ops->nr_queues; i++) {
        struct doorbell *bell = &bells[nr_bells++];

        dev->queues[i].mem = &m->gmem;
        bell->dev = dev;
        bell->queue = i;
        bell->fd = machine_ioeventfd(m, gpa + REG_NOTIFY, i);
        if (bell->fd >= 0)
            serve_add(bell->fd, EPOLLIN, rung, bell);
    }
    m->devs[m->nr_devs++] = dev;
}
