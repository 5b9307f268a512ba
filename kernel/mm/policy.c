/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What may be mapped, and where: executable memory, limits, and the search
 * for a free range.
 */
#include <asm/errno.h>
#include <linux/mman.h>

#include "abi/platform.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"

/* Where Linux looks for MAP_32BIT. */
static const uint64_t low_begin = 0x40000000, low_end = 0x80000000;

static uint64_t map_top = ABI_USER_TOP;
static uint64_t limit_as = UINT64_MAX, limit_data = UINT64_MAX;
static uint64_t limit_stack = UINT64_C(8) << 20;
static bool jit_noted;

void mm_set_map_top(uint64_t top)
{
    map_top = top;
}

void mm_set_limits(uint64_t as_bytes, uint64_t data_bytes, uint64_t stack_bytes)
{
    limit_stack = stack_bytes;
    limit_as = as_bytes;
    limit_data = data_bytes;
}

int space_check_exec(const struct backing *b, int prot, bool pristine)
{
    bool jit = platform.boot->flags & ABI_BOOT_JIT;

    if (!(prot & PROT_EXEC))
        return 0;
    if (b && b->sealed && pristine && !(prot & PROT_WRITE))
        return 0;
    if (!jit_noted && jit)
        klog(LOG_WARN, "the program uses executable memory that is not from "
                       "its image (JIT); --no-jit forbids this");
    else if (!jit_noted)
        klog(LOG_WARN, "refused executable memory that is not from the image; "
                       "if the program needs it (JIT), run without --no-jit");
    jit_noted = true;
    return jit ? 0 : -EACCES;
}

int space_check_limits(uint64_t len_bytes, int prot, int flags)
{
    bool data = (prot & PROT_WRITE) && (flags & MAP_TYPE) == MAP_PRIVATE;
    struct mm_usage usage;

    if (limit_as - vma_total_bytes() < len_bytes ||
        limit_as < vma_total_bytes())
        return -ENOMEM;
    /* As Linux's heuristic: one request that can never be met. A stack asks for
     * what it needs when it grows. */
    if (data && !(flags & (MAP_NORESERVE | MAP_GROWSDOWN)) &&
        len_bytes > platform.boot->mem_limit_bytes)
        return -ENOMEM;
    if (!data || limit_data == UINT64_MAX)
        return 0;
    mm_usage(&usage);
    if (limit_data < usage.data_bytes ||
        limit_data - usage.data_bytes < len_bytes)
        return -ENOMEM;
    return 0;
}

uint64_t space_stack_limit(void)
{
    return limit_stack;
}

int64_t mm_find(uint64_t hint, size_t len_bytes)
{
    uint64_t addr = space_find(hint, page_up(len_bytes), 0);

    return addr ? (int64_t)addr : -ENOMEM;
}

uint64_t space_find(uint64_t hint, uint64_t len_bytes, int flags)
{
    uint64_t addr;

    hint = page_down(hint);
    if (hint >= ABI_USER_MIN && hint <= ABI_USER_TOP &&
        len_bytes <= ABI_USER_TOP - hint &&
        !vma_overlap(hint, hint + len_bytes))
        return hint;
    if (flags & MAP_32BIT)
        return vma_gap_up(len_bytes, low_begin, low_end);
    addr = vma_gap_down(len_bytes, ABI_USER_MIN, map_top);
    if (!addr)
        addr = vma_gap_up(len_bytes, ABI_USER_MIN, ABI_USER_TOP);
    return addr;
}
