/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of a core file to its block device: chunks of whole pages.
 */
#include <asm/errno.h>

#include "abi/layout.h"
#include "kernel/core/config.h"
#include "kernel/core/cpu.h"
#include "kernel/linux/core.h"
#include "lib/string.h"

int core_put_pages(uint64_t off, const void *pages, uint64_t len_bytes)
{
    uint32_t dev = (uint32_t)config_get_u64("core", 0);

    return (int)platform.ops.blk_write(dev, pages, len_bytes, off, 0);
}

static void write_out(struct core_out *o)
{
    uint64_t len = (o->used + ABI_PAGE_SIZE - 1) & -ABI_PAGE_SIZE;

    memset(o->buf + o->used, 0, len - o->used);
    if (!o->measure && !o->failed)
        o->failed = core_put_pages(o->off, o->buf, len) < 0;
    o->off += o->used;
    o->used = 0;
}

void core_put(struct core_out *o, const void *data, uint64_t len_bytes)
{
    const uint8_t *from = data;

    while (len_bytes) {
        uint64_t n = CORE_CHUNK - o->used;

        n = n < len_bytes ? n : len_bytes;
        if (!o->measure)
            memcpy(o->buf + o->used, from, n);
        o->used += (uint32_t)n;
        from += n;
        len_bytes -= n;
        if (o->used == CORE_CHUNK)
            write_out(o);
    }
}

void core_flush(struct core_out *o)
{
    if (o->used)
        write_out(o);
}
