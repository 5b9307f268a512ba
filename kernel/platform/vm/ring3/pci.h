/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI as far as drivers need it: finding functions, their capabilities and
 * memory, and messages for interrupts (MSI-X). The firmware has given out
 * addresses. A function's address is bus << 16 | device << 11 | function << 8.
 */
#ifndef EINKORN_VM_PCI_H
#define EINKORN_VM_PCI_H

#include <stdbool.h>
#include <stdint.h>

enum pci_reg {
    PCI_ID = 0x00, /* vendor, device << 16 */
    PCI_COMMAND = 0x04,
    PCI_CLASS = 0x08,
    PCI_HEADER = 0x0c,
    PCI_BAR0 = 0x10,
    PCI_BUSES = 0x18, /* of a bridge */
    PCI_SUBSYSTEM = 0x2c,
    PCI_CAPABILITIES = 0x34,
};

enum pci_capability { PCI_CAP_VENDOR = 0x09, PCI_CAP_MSIX = 0x11 };

/* Aligned to 4 bytes; what is not there reads as all ones. */
uint32_t pci_read(uint32_t function, uint32_t reg);
void pci_write(uint32_t function, uint32_t reg, uint32_t value);

/* Stores the addresses of all functions, at most max, those behind bridges
 * too; returns how many. */
uint32_t pci_find_all(uint32_t *functions, uint32_t max);
/* The next capability of this kind behind register `after` (0: the first), or
 * 0: none. */
uint32_t pci_capability(uint32_t function, enum pci_capability id,
                        uint32_t after);
/* Where the memory of base address register `bar` lies; 0: nowhere. */
uint64_t pci_memory(uint32_t function, uint32_t bar);
/* Lets the function use memory, and one MSI-X message, number 0, that makes
 * ABI_PENDING_DEVICE. False: it has no MSI-X. */
bool pci_connect(uint32_t function);

#endif
