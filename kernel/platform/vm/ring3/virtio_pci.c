/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over PCI (virtio 1.2, 4.1), modern: the capabilities say where the
 * structures lie. Interrupts are MSI-X messages, so nothing is acknowledged.
 */
#include "kernel/platform/vm/ring3/pci.h"
#include "kernel/platform/vm/ring3/ring3.h"
#include "kernel/platform/vm/ring3/virtio.h"

enum {
    VENDOR = 0x1af4,
    ID_FIRST = 0x1000,
    ID_MODERN = 0x1040,
    ID_END = 0x1080
};
enum { MAX_FUNCTIONS = 128, NO_VECTOR = 0xffff };

enum cfg_type { CFG_COMMON = 1, CFG_NOTIFY = 2, CFG_DEVICE = 4 };

/* struct virtio_pci_cap (4.1.4) */
enum { CAP_TYPE_BYTE = 3, CAP_BAR = 4, CAP_OFFSET = 8, CAP_LENGTH = 12 };
enum { CAP_NOTIFY_STEP = 16 };

/* struct virtio_pci_common_cfg (4.1.4.3) */
struct common {
    uint32_t device_feature_select, device_feature;
    uint32_t driver_feature_select, driver_feature;
    uint16_t config_msix_vector, num_queues;
    uint8_t device_status, config_generation;
    uint16_t queue_select, queue_size, queue_msix_vector, queue_enable;
    uint16_t queue_notify_off;
    uint32_t queue_desc[2], queue_driver[2], queue_device[2];
};

static volatile struct common *common(const struct virtio_dev *dev)
{
    return (volatile struct common *)dev->regs;
}

static uint8_t pci_status(const struct virtio_dev *dev)
{
    return common(dev)->device_status;
}

static void pci_set_status(const struct virtio_dev *dev, uint8_t status)
{
    common(dev)->device_status = status;
}

static uint64_t pci_offered(const struct virtio_dev *dev)
{
    uint64_t high;

    common(dev)->device_feature_select = 1;
    high = common(dev)->device_feature;
    common(dev)->device_feature_select = 0;
    return high << 32 | common(dev)->device_feature;
}

static void pci_accept(const struct virtio_dev *dev, uint64_t features)
{
    common(dev)->driver_feature_select = 1;
    common(dev)->driver_feature = (uint32_t)(features >> 32);
    common(dev)->driver_feature_select = 0;
    common(dev)->driver_feature = (uint32_t)features;
}

static uint16_t pci_select(const struct virtio_dev *dev, uint16_t queue)
{
    common(dev)->queue_select = queue;
    return common(dev)->queue_size;
}

static void write64(volatile uint32_t reg[2], uint64_t value)
{
    reg[0] = (uint32_t)value;
    reg[1] = (uint32_t)(value >> 32);
}

static volatile void *pci_enable(const struct virtio_dev *dev, uint16_t nr,
                                 const struct virtq_place *place)
{
    volatile struct common *c = common(dev);

    c->queue_size = nr;
    write64(c->queue_desc, place->desc);
    write64(c->queue_driver, place->avail);
    write64(c->queue_device, place->used);
    c->queue_msix_vector = 0;
    if (c->queue_msix_vector != 0)
        die("a virtio PCI device has no message for a queue");
    c->queue_enable = 1;
    return dev->notify + (uint64_t)c->queue_notify_off * dev->notify_step;
}

static void pci_ring(volatile void *doorbell, uint16_t queue)
{
    *(volatile uint16_t *)doorbell = queue;
}

/* The messages are on since the device was found: they must be, before a
 * queue takes one. */
static void pci_connected(const struct virtio_dev *dev)
{
    common(dev)->config_msix_vector = NO_VECTOR;
}

static const struct virtio_transport pci = {
    .status = pci_status,
    .set_status = pci_set_status,
    .offered = pci_offered,
    .accept = pci_accept,
    .select = pci_select,
    .enable = pci_enable,
    .ring = pci_ring,
    .connect = pci_connected,
};

/* ---- finding devices ---------------------------------------------------- */

/* Maps the structure of one capability; NULL: it lies nowhere. */
static volatile uint8_t *map_structure(uint32_t function, uint32_t cap)
{
    uint64_t base = pci_memory(function, pci_read(function, cap + CAP_BAR) & 7);
    uint32_t length = pci_read(function, cap + CAP_LENGTH);

    if (!base || !length || length > 16 * PAGE_SIZE)
        return NULL;
    return virtio_map(base + pci_read(function, cap + CAP_OFFSET), length);
}

/* The first capability of a kind counts (4.1.4.1). */
static void read_capabilities(struct virtio_dev *dev)
{
    uint32_t function = dev->function, cap = 0;

    while ((cap = pci_capability(function, PCI_CAP_VENDOR, cap))) {
        uint32_t type = pci_read(function, cap) >> 8 * CAP_TYPE_BYTE;

        if (type == CFG_COMMON && !dev->regs)
            dev->regs = map_structure(function, cap);
        else if (type == CFG_DEVICE && !dev->config)
            dev->config = map_structure(function, cap);
        else if (type == CFG_NOTIFY && !dev->notify) {
            dev->notify = map_structure(function, cap);
            dev->notify_step = pci_read(function, cap + CAP_NOTIFY_STEP);
        }
    }
}

/* 4.1.2.1; 0: no virtio device, or none that there is a driver for. */
static uint32_t virtio_id(uint32_t function)
{
    uint32_t id = pci_read(function, PCI_ID);
    uint32_t device = id >> 16;

    if ((id & 0xffff) != VENDOR || device < ID_FIRST || device >= ID_END)
        return 0;
    device = device >= ID_MODERN ? device - ID_MODERN
                                 : pci_read(function, PCI_SUBSYSTEM) >> 16;
    return device == VIRTIO_NET || device == VIRTIO_BLK ||
                   device == VIRTIO_CONSOLE || device == VIRTIO_RNG ||
                   device == VIRTIO_9P
               ? device
               : 0;
}

static bool probe(struct virtio_dev *dev, uint32_t function)
{
    *dev = (struct virtio_dev){
        .transport = &pci, .function = function, .id = virtio_id(function)};
    if (!dev->id)
        return false;
    if (!pci_connect(function)) {
        if (dev->id == VIRTIO_CONSOLE)
            return false; /* another console will do */
        die("a virtio PCI device has no MSI-X interrupts");
    }
    read_capabilities(dev);
    if (!dev->regs || !dev->notify)
        die("virtio PCI devices must be modern, and the firmware must have "
            "given them addresses");
    return true;
}

uint32_t virtio_pci_find(struct virtio_dev *devs, uint32_t max)
{
    static uint32_t functions[MAX_FUNCTIONS];
    uint32_t nr_functions = pci_find_all(functions, MAX_FUNCTIONS), nr = 0;

    for (uint32_t i = 0; i < nr_functions && nr < max; i++)
        if (probe(&devs[nr], functions[i]))
            nr++;
    return nr;
}
