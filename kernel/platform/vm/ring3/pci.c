/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI: see pci.h. Follows the PCI Local Bus Specification 3.0, chapter 6. */
#include "kernel/platform/vm/ring3/pci.h"
#include "kernel/platform/vm/ring3/ring3.h"
#include "kernel/platform/vm/ring3/virtio.h"

enum { NONE = 0xffff, DEVICES = 32, FUNCTIONS = 8, MAX_DEPTH = 8 };
enum { COMMAND_MEMORY = 2, COMMAND_MASTER = 4, COMMAND_NO_INTX = 1 << 10 };
enum { STATUS_CAPABILITIES = 1 << 20, MAX_CAPABILITIES = 48 };
enum { BAR_IO = 1, BAR_64 = 4, NR_BARS = 6 };
enum { HEADER_MULTI = 0x80, HEADER_BRIDGE = 1 };

#define MSIX_ENABLE 0x80000000u
#define MSIX_MASK_ALL 0x40000000u
#define MSI_ADDRESS 0xfee00000u /* local APIC 0 */

uint32_t pci_read(uint32_t function, uint32_t reg)
{
    return (uint32_t)vm_call(VM_PCI_READ, function | reg, 0, 0, 0);
}

void pci_write(uint32_t function, uint32_t reg, uint32_t value)
{
    vm_call(VM_PCI_WRITE, function | reg, value, 0, 0);
}

/* ---- finding functions --------------------------------------------------- */

struct list {
    uint32_t *functions;
    uint32_t nr, max;
};

static void scan_bus(struct list *list, uint32_t bus, int depth);

/* Returns the kind of header, or NONE. */
static uint32_t scan_function(struct list *list, uint32_t function, int depth)
{
    uint32_t header;

    if ((pci_read(function, PCI_ID) & 0xffff) == NONE)
        return NONE;
    if (list->nr < list->max)
        list->functions[list->nr++] = function;
    header = pci_read(function, PCI_HEADER) >> 16 & 0xff;
    if ((header & ~HEADER_MULTI) == HEADER_BRIDGE)
        scan_bus(list, pci_read(function, PCI_BUSES) >> 8 & 0xff, depth + 1);
    return header;
}

static void scan_bus(struct list *list, uint32_t bus, int depth)
{
    if (depth == MAX_DEPTH || (depth && !bus))
        return;
    for (uint32_t device = 0; device < DEVICES; device++) {
        uint32_t first = bus << 16 | device << 11;
        uint32_t header = scan_function(list, first, depth);

        if (header == NONE || !(header & HEADER_MULTI))
            continue;
        for (uint32_t i = 1; i < FUNCTIONS; i++)
            scan_function(list, first | i << 8, depth);
    }
}

uint32_t pci_find_all(uint32_t *functions, uint32_t max)
{
    struct list list = {functions, 0, max};

    scan_bus(&list, 0, 0);
    return list.nr;
}

/* ---- one function -------------------------------------------------------- */

uint32_t pci_capability(uint32_t function, enum pci_capability id,
                        uint32_t after)
{
    uint32_t at = PCI_CAPABILITIES, word;

    if (!(pci_read(function, PCI_COMMAND) & STATUS_CAPABILITIES))
        return 0;
    word = pci_read(function, at) << 8; /* next in bits 8 to 15 */
    for (int i = 0; i < MAX_CAPABILITIES; i++) {
        if (after && at == after)
            after = 0;
        at = word >> 8 & 0xfc;
        if (!at)
            break;
        word = pci_read(function, at);
        if (!after && (word & 0xff) == id)
            return at;
    }
    return 0;
}

uint64_t pci_memory(uint32_t function, uint32_t bar)
{
    uint32_t low, high = 0;

    if (bar >= NR_BARS)
        return 0;
    low = pci_read(function, PCI_BAR0 + 4 * bar);
    if (low & BAR_IO)
        return 0;
    if (low & BAR_64 && bar + 1 < NR_BARS)
        high = pci_read(function, PCI_BAR0 + 4 * bar + 4);
    return (uint64_t)high << 32 | (low & ~15u);
}

bool pci_connect(uint32_t function)
{
    uint32_t cap = pci_capability(function, PCI_CAP_MSIX, 0);
    uint32_t command = pci_read(function, PCI_COMMAND) & 0xffff;
    volatile uint32_t *entry;
    uint32_t table;
    uint64_t base;

    pci_write(function, PCI_COMMAND,
              command | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_NO_INTX);
    if (!cap)
        return false;
    table = pci_read(function, cap + 4);
    base = pci_memory(function, table & 7);
    if (!base)
        return false;
    entry = virtio_map(base + (table & ~7u), 16);
    entry[0] = MSI_ADDRESS;
    entry[1] = 0;
    entry[2] = VM_MSI_VECTOR;
    entry[3] = 0; /* not masked */
    pci_write(function, cap,
              (pci_read(function, cap) & ~MSIX_MASK_ALL) | MSIX_ENABLE);
    return true;
}
