/* SPDX-License-Identifier: BSD-2-Clause */
/* What a PVH boot loader hands over (Xen, public/arch-x86/hvm/start_info.h),
 * version 1. All addresses are physical. */
#ifndef EINKORN_VM_PVH_H
#define EINKORN_VM_PVH_H

#include <stdint.h>

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

#endif
