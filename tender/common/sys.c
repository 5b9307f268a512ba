/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls whose results need a look. */
#include "tender/common/sys.h"

int64_t sys_mmap(uint64_t addr, uint64_t len_bytes, int prot, int flags,
                 int32_t fd, uint64_t off)
{
    return sys6(__NR_mmap, addr, len_bytes, (uint64_t)prot, (uint64_t)flags,
                (uint64_t)(int64_t)fd, off);
}
