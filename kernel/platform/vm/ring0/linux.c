/* SPDX-License-Identifier: BSD-2-Clause */
/* Linux's boot parameters (Documentation/arch/x86/boot.rst and zero-page.rst):
 * Firecracker and other loaders of Linux. */
#include "kernel/platform/vm/ring0/loader.h"

/* Offsets in the "zero page". */
enum {
    ACPI_RSDP = 0x070,
    EXT_RAMDISK_IMAGE = 0x0c0, /* upper halves */
    EXT_RAMDISK_SIZE = 0x0c4,
    EXT_CMDLINE = 0x0c8,
    E820_ENTRIES = 0x1e8,
    HEADER_MAGIC = 0x202,
    RAMDISK_IMAGE = 0x218,
    RAMDISK_SIZE = 0x21c,
    CMDLINE = 0x228,
    E820_TABLE = 0x2d0,
};

#define HDRS 0x53726448u

enum { E820_RAM = 1, E820_MAX = 128 };

struct e820_entry {
    uint64_t addr, size;
    uint32_t type;
} __attribute__((packed));

static uint32_t word(const uint8_t *page, uint32_t offset)
{
    return *(const uint32_t *)(page + offset);
}

static uint64_t joined(const uint8_t *page, uint32_t low, uint32_t high)
{
    return (uint64_t)word(page, high) << 32 | word(page, low);
}

void linux_read(struct boot_info *out, phys_t info)
{
    const uint8_t *page = phys_to_virt(info);
    const struct e820_entry *map = (const void *)(page + E820_TABLE);
    uint64_t cmdline = joined(page, CMDLINE, EXT_CMDLINE);

    if (word(page, HEADER_MAGIC) != HDRS)
        panic("no boot parameters of Linux's protocol", info,
              word(page, HEADER_MAGIC));
    out->module = joined(page, RAMDISK_IMAGE, EXT_RAMDISK_IMAGE);
    out->module_bytes = joined(page, RAMDISK_SIZE, EXT_RAMDISK_SIZE);
    if (cmdline)
        out->cmdline = phys_to_virt(cmdline);
    out->rsdp = joined(page, ACPI_RSDP, ACPI_RSDP + 4);
    for (uint32_t i = 0; i < page[E820_ENTRIES] && i < E820_MAX; i++)
        if (map[i].type == E820_RAM)
            boot_add_ram(out, map[i].addr, map[i].size);
}
