/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI's configuration space through its two ports (PCI Local Bus 3.0,
 * 3.2.2.3.2). The ring-3 part asks for it until the machine is sealed.
 */
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/shim.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc };

#define CONFIG_ENABLE 0x80000000u
#define REGISTER_MASK 0x00fffffcu

uint32_t pci_read(uint32_t address)
{
    outl(CONFIG_ADDRESS, CONFIG_ENABLE | (address & REGISTER_MASK));
    return inl(CONFIG_DATA);
}

void pci_write(uint32_t address, uint32_t value)
{
    outl(CONFIG_ADDRESS, CONFIG_ENABLE | (address & REGISTER_MASK));
    outl(CONFIG_DATA, value);
}
