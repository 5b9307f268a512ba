/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The only way to program memory. A bad pointer yields -EFAULT through the
 * fix-up table, never a crash. Structures are copied once, then validated.
 */
#ifndef EINKORN_KERNEL_CORE_UACCESS_H
#define EINKORN_KERNEL_CORE_UACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/layout.h"

/* An address in program memory; not to be dereferenced. */
typedef uint64_t uptr_t;

static inline bool user_range_ok(uptr_t addr, size_t len_bytes)
{
    return addr <= ABI_USER_TOP && len_bytes <= ABI_USER_TOP - addr;
}

/* 0 or -EFAULT. */
int copy_from_user(void *dst, uptr_t src, size_t len_bytes);
int copy_to_user(uptr_t dst, const void *src, size_t len_bytes);
int clear_user(uptr_t dst, size_t len_bytes);
/* Length without NUL, -EFAULT, or -ENAMETOOLONG if no NUL within size. */
int64_t strncpy_from_user(char *dst, uptr_t src, size_t size_bytes);
/* Aligned 32-bit word for futexes; 0 or -EFAULT. cmpxchg: *old is what was
 * there; compare with what was expected. */
int get_user_u32(uptr_t addr, uint32_t *value);
int cmpxchg_user_u32(uptr_t addr, uint32_t *old, uint32_t new_value);

/* Whole objects: copy_in(&local, uptr), copy_out(uptr, &local). */
#define copy_in(local, addr) copy_from_user((local), (addr), sizeof(*(local)))
#define copy_out(addr, local) copy_to_user((addr), (local), sizeof(*(local)))

#endif
