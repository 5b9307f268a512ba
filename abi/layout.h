/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where things live in an instance's single address space. The same on every
 * platform, so that a snapshot or a symbol file needs no relocation.
 *
 * Programs own everything below ABI_USER_TOP; the kernel, its windows and the
 * platform's ring-3 part own the terabyte above it.
 */
#ifndef EINKORN_ABI_LAYOUT_H
#define EINKORN_ABI_LAYOUT_H

#include <stdint.h>

#define ABI_PAGE_SIZE UINT64_C(4096)

#define ABI_USER_MIN UINT64_C(0x10000) /* Linux's mmap_min_addr */
/* 8 GiB below the kernel: then adding upper halves tells a filter that a
 * range ends below the kernel. */
#define ABI_USER_TOP UINT64_C(0x7dfe00000000)

#define ABI_KERNEL_BASE UINT64_C(0x7e0000000000) /* the kernel's ELF */
/* What each start touches of these lies in one 2 MiB block, for which one page
 * table does: a small sidecar, the configuration, the image's beginning. */
#define ABI_CONFIG_BASE UINT64_C(0x7e0000480000) /* configuration strings */
#define ABI_IMAGE_BASE UINT64_C(0x7e0000580000)  /* sealed image, read-only */
#define ABI_SIDECAR_NEAR UINT64_C(0x80000)       /* this is small */
#define ABI_HEAP_BASE UINT64_C(0x7e1000000000)   /* kernel heap arena */
#define ABI_HEAP_MAX UINT64_C(0x1000000000)      /* 64 GiB */
/* Each start touches so much of its heap's beginning; a platform may save it
 * the page faults. */
#define ABI_HEAP_FIRST UINT64_C(0xe000)
#define ABI_SHM_BASE UINT64_C(0x7e2000000000) /* window on the object */
#define ABI_SHM_MAX UINT64_C(0x2000000000)    /* 128 GiB */
/* Patched text and its meta data; a small sidecar may end at ABI_CONFIG_BASE
 * instead. */
#define ABI_SIDECAR_BASE UINT64_C(0x7e4000000000)
#define ABI_SIDECAR_MAX UINT64_C(0x2000000000) /* 128 GiB */
#define ABI_SIDECAR_AT(len_bytes)                                              \
    ((len_bytes) > ABI_SIDECAR_NEAR                                            \
         ? ABI_SIDECAR_BASE                                                    \
         : ABI_CONFIG_BASE -                                                   \
               (((len_bytes) + ABI_PAGE_SIZE - 1) & -ABI_PAGE_SIZE))
#define ABI_PLATFORM_BASE UINT64_C(0x7e8000000000) /* gate, drivers, MMIO */
#define ABI_PLATFORM_END UINT64_C(0x7f0000000000)

#endif
