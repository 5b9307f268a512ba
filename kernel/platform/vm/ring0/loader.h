/* SPDX-License-Identifier: BSD-2-Clause */
/* What the boot loader said, whoever it was. */
#ifndef EINKORN_VM_LOADER_H
#define EINKORN_VM_LOADER_H

#include <stdint.h>

#include "kernel/platform/vm/ring0/shim.h"

#pragma GCC visibility push(hidden)

/* Known by boot.S too. */
enum loader { LOADER_PVH = 0, LOADER_MULTIBOOT2 = 1, LOADER_LINUX = 2 };

enum { MAX_RAM = 64 };

struct boot_info {
    phys_t module;
    uint64_t module_bytes;
    const char *cmdline; /* "": none */
    phys_t rsdp;         /* ACPI; 0: not said */
    uint32_t nr_ram;
    struct {
        phys_t base;
        uint64_t len_bytes;
    } ram[MAX_RAM];
};

/* Reads the loader's structure at `info`; panics where it lacks what is
 * needed. Nothing of it may have been overwritten yet. */
void loader_read(struct boot_info *out, enum loader loader, phys_t info);

/* ---- one file each ---- */

void boot_add_ram(struct boot_info *out, phys_t base, uint64_t len_bytes);
void pvh_read(struct boot_info *out, phys_t info);
void multiboot2_read(struct boot_info *out, phys_t info);
void linux_read(struct boot_info *out, phys_t info);

#pragma GCC visibility pop

#endif
