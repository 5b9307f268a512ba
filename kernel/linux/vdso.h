/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own vDSO: vdso(7).
 */
#ifndef EINKORN_KERNEL_LINUX_VDSO_H
#define EINKORN_KERNEL_LINUX_VDSO_H

#include <stdint.h>

/* Maps it into the (new) address space: address of its ELF header for
 * AT_SYSINFO_EHDR, or 0 if it cannot be had. */
uint64_t vdso_map(void);
/* Bytes of it. */
uint64_t vdso_size(void);

#endif
