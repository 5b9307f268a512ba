/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers of a virtio device over MMIO, for driver and device: virtio 1.2,
 * 4.2.2 "MMIO Device Register Layout". Offsets in bytes; addresses of queues
 * are two registers, low half first.
 */
#ifndef EINKORN_ABI_VIRTIO_MMIO_H
#define EINKORN_ABI_VIRTIO_MMIO_H

enum virtio_mmio_reg {
    REG_MAGIC = 0x00,
    REG_VERSION = 0x04,
    REG_DEVICE = 0x08,
    REG_VENDOR = 0x0c,
    REG_DEVICE_FEATURES = 0x10,
    REG_DEVICE_SEL = 0x14,
    REG_DRIVER_FEATURES = 0x20,
    REG_DRIVER_SEL = 0x24,
    REG_QUEUE_SEL = 0x30,
    REG_QUEUE_MAX = 0x34,
    REG_QUEUE_NUM = 0x38,
    REG_QUEUE_READY = 0x44,
    REG_NOTIFY = 0x50,
    REG_ISR = 0x60,
    REG_ACK = 0x64,
    REG_STATUS = 0x70,
    REG_QUEUE_DESC = 0x80,
    REG_QUEUE_AVAIL = 0x90,
    REG_QUEUE_USED = 0xa0,
    REG_CONFIG = 0x100,
};

#endif
