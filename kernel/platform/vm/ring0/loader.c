/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot protocols: see loader.h. Loaders are trusted, as firmware is. */
#include "kernel/platform/vm/ring0/loader.h"

void boot_add_ram(struct boot_info *out, phys_t base, uint64_t len_bytes)
{
    if (out->nr_ram == MAX_RAM)
        return;
    out->ram[out->nr_ram].base = base;
    out->ram[out->nr_ram].len_bytes = len_bytes;
    out->nr_ram++;
}

void loader_read(struct boot_info *out, enum loader loader, phys_t info)
{
    static void (*const readers[])(struct boot_info *, phys_t) = {
        [LOADER_PVH] = pvh_read,
        [LOADER_MULTIBOOT2] = multiboot2_read,
        [LOADER_LINUX] = linux_read,
    };

    out->cmdline = "";
    readers[loader](out, info);
    if (!out->module_bytes || out->module % PAGE_SIZE)
        panic("one page-aligned boot module is needed (QEMU: -initrd)",
              out->module, out->module_bytes);
    if (!out->nr_ram)
        panic("the boot loader gave no memory map", info, loader);
}
