/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over MMIO (virtio 1.2, 4.2), version 2 of the register layout. The
 * devices are named on the command line.
 */
#include "abi/virtio_mmio.h"
#include "kernel/platform/vm/ring3/ring3.h"
#include "kernel/platform/vm/ring3/virtio.h"
#include "lib/string.h"

#define MMIO_MAGIC 0x74726976u

enum { REGS_BYTES = 0x200 };

enum { ACK_ALL = 3 };

static void reg_write(const struct virtio_dev *dev, enum virtio_mmio_reg reg,
                      uint32_t value)
{
    *(volatile uint32_t *)(dev->regs + reg) = value;
}

static uint32_t reg_read(const struct virtio_dev *dev, enum virtio_mmio_reg reg)
{
    return *(volatile uint32_t *)(dev->regs + reg);
}

static void reg_write64(const struct virtio_dev *dev, enum virtio_mmio_reg reg,
                        uint64_t value)
{
    reg_write(dev, reg, (uint32_t)value);
    reg_write(dev, reg + 4, (uint32_t)(value >> 32));
}

static uint8_t mmio_status(const struct virtio_dev *dev)
{
    return (uint8_t)reg_read(dev, REG_STATUS);
}

static void mmio_set_status(const struct virtio_dev *dev, uint8_t status)
{
    reg_write(dev, REG_STATUS, status);
}

static uint64_t mmio_offered(const struct virtio_dev *dev)
{
    uint64_t high;

    reg_write(dev, REG_DEVICE_SEL, 1);
    high = reg_read(dev, REG_DEVICE_FEATURES);
    reg_write(dev, REG_DEVICE_SEL, 0);
    return high << 32 | reg_read(dev, REG_DEVICE_FEATURES);
}

static void mmio_accept(const struct virtio_dev *dev, uint64_t features)
{
    reg_write(dev, REG_DRIVER_SEL, 1);
    reg_write(dev, REG_DRIVER_FEATURES, (uint32_t)(features >> 32));
    reg_write(dev, REG_DRIVER_SEL, 0);
    reg_write(dev, REG_DRIVER_FEATURES, (uint32_t)features);
}

static uint16_t mmio_select(const struct virtio_dev *dev, uint16_t queue)
{
    reg_write(dev, REG_QUEUE_SEL, queue);
    return (uint16_t)reg_read(dev, REG_QUEUE_MAX);
}

static volatile void *mmio_enable(const struct virtio_dev *dev, uint16_t nr,
                                  const struct virtq_place *place)
{
    reg_write(dev, REG_QUEUE_NUM, nr);
    reg_write64(dev, REG_QUEUE_DESC, place->desc);
    reg_write64(dev, REG_QUEUE_AVAIL, place->avail);
    reg_write64(dev, REG_QUEUE_USED, place->used);
    reg_write(dev, REG_QUEUE_READY, 1);
    return dev->regs + REG_NOTIFY;
}

static void mmio_ring(volatile void *doorbell, uint16_t queue)
{
    *(volatile uint32_t *)doorbell = queue;
}

static void mmio_connect(const struct virtio_dev *dev)
{
    vm_call(VM_IRQ, dev->line, dev->phys + REG_ACK, ACK_ALL, 0);
}

static const struct virtio_transport mmio = {
    .status = mmio_status,
    .set_status = mmio_set_status,
    .offered = mmio_offered,
    .accept = mmio_accept,
    .select = mmio_select,
    .enable = mmio_enable,
    .ring = mmio_ring,
    .connect = mmio_connect,
};

/* ---- finding devices ---------------------------------------------------- */

static bool probe(struct virtio_dev *dev)
{
    dev->transport = &mmio;
    dev->regs = virtio_map(dev->phys, REGS_BYTES);
    dev->config = dev->regs + REG_CONFIG;
    if (reg_read(dev, REG_MAGIC) != MMIO_MAGIC)
        return false;
    dev->id = reg_read(dev, REG_DEVICE);
    if (dev->id && reg_read(dev, REG_VERSION) != 2)
        die("virtio devices must be modern: -global "
            "virtio-mmio.force-legacy=false");
    return dev->id != 0;
}

uint32_t virtio_mmio_find(const char *cmdline, struct virtio_dev *devs,
                          uint32_t max)
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
