/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Range checks in front of the assembly that touches program memory.
 */
#include "kernel/core/uaccess.h"

#include <asm/errno.h>

#include "kernel/arch/x86_64/arch.h"

int copy_from_user(void *dst, uptr_t src, size_t len_bytes)
{
    if (!user_range_ok(src, len_bytes))
        return -EFAULT;
    return arch_copy_user(dst, (const void *)src, len_bytes);
}

int copy_to_user(uptr_t dst, const void *src, size_t len_bytes)
{
    if (!user_range_ok(dst, len_bytes))
        return -EFAULT;
    return arch_copy_user((void *)dst, src, len_bytes);
}

int clear_user(uptr_t dst, size_t len_bytes)
{
    if (!user_range_ok(dst, len_bytes))
        return -EFAULT;
    return arch_clear_user((void *)dst, len_bytes);
}

int64_t strncpy_from_user(char *dst, uptr_t src, size_t size_bytes)
{
    size_t max = size_bytes;
    int64_t len;

    if (src >= ABI_USER_TOP)
        return -EFAULT;
    if (max > ABI_USER_TOP - src)
        max = ABI_USER_TOP - src;
    len = arch_strncpy_user(dst, (const char *)src, max);
    if (len < 0 || (size_t)len < max)
        return len;
    return max < size_bytes ? -EFAULT : -ENAMETOOLONG;
}

static bool word_ok(uptr_t addr)
{
    return addr % 4 == 0 && user_range_ok(addr, 4);
}

int get_user_u32(uptr_t addr, uint32_t *value)
{
    if (!word_ok(addr))
        return -EFAULT;
    return arch_get_user_u32((const uint32_t *)addr, value);
}

int cmpxchg_user_u32(uptr_t addr, uint32_t *old, uint32_t new_value)
{
    if (!word_ok(addr))
        return -EFAULT;
    return arch_cmpxchg_user_u32((uint32_t *)addr, old, new_value);
}
