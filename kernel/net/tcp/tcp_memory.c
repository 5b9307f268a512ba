/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory of all connections together: above a share of what there is,
 * windows stay shut, send buffers small, and what is out of order is dropped.
 */
#include "abi/layout.h"
#include "kernel/core/cpu.h"
#include "kernel/net/tcp/conn.h"

enum { SHARE = 4, LIMIT_MIN = 4 << 20 };

static uint64_t used_bytes;

static uint64_t limit(void)
{
    static uint64_t bytes;

    if (!bytes) {
        bytes = platform.boot->mem_limit_bytes / SHARE;
        if (bytes < LIMIT_MIN)
            bytes = LIMIT_MIN;
    }
    return bytes;
}

void tcp_memory_add(uint32_t len_bytes)
{
    used_bytes += len_bytes;
}

void tcp_memory_sub(uint32_t len_bytes)
{
    used_bytes -= len_bytes;
}

bool tcp_memory_tight(void)
{
    return used_bytes > limit();
}

uint64_t tcp_memory_pages(void)
{
    return (used_bytes + ABI_PAGE_SIZE - 1) / ABI_PAGE_SIZE;
}
