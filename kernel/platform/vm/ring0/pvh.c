/* SPDX-License-Identifier: BSD-2-Clause */
/* What a PVH boot loader hands over (Xen, public/arch-x86/hvm/start_info.h),
 * version 1. All addresses are physical. */
#include "kernel/platform/vm/ring0/loader.h"

#define PVH_MAGIC 0x336ec578u

enum { PVH_RAM = 1 };

struct pvh_start_info {
    uint32_t magic, version, flags, nr_modules;
    uint64_t modlist_paddr, cmdline_paddr, rsdp_paddr;
    uint64_t memmap_paddr;
    uint32_t memmap_entries, reserved;
};

struct pvh_module {
    uint64_t paddr, size, cmdline_paddr, reserved;
};

struct pvh_memmap_entry {
    uint64_t addr, size;
    uint32_t type, reserved;
};

void pvh_read(struct boot_info *out, phys_t at)
{
    const struct pvh_start_info *info = phys_to_virt(at);
    const struct pvh_module *module = phys_to_virt(info->modlist_paddr);
    const struct pvh_memmap_entry *map = phys_to_virt(info->memmap_paddr);

    if (info->magic != PVH_MAGIC || info->version < 1)
        panic("no PVH start information with a memory map", info->magic,
              info->version);
    if (info->nr_modules == 1) {
        out->module = module->paddr;
        out->module_bytes = module->size;
    }
    if (info->cmdline_paddr)
        out->cmdline = phys_to_virt(info->cmdline_paddr);
    out->rsdp = info->rsdp_paddr;
    for (uint32_t i = 0; i < info->memmap_entries; i++)
        if (map[i].type == PVH_RAM)
            boot_add_ram(out, map[i].addr, map[i].size);
}
