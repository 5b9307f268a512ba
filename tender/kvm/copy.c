/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving the guest's pages for it, where its ring 0 is emulated and would take
 * long: copies of the image's pages, pages of zeroes, entries of its tables in
 * a row.
 */
#include <string.h>

#include "tender/kvm/monitor.h"

static const void *readable(const struct machine *m, uint64_t gpa,
                            uint64_t len_bytes)
{
    const void *ram = gmem_ptr(&m->gmem, gpa, len_bytes);

    return ram ? ram : gmem_ptr(&m->rom, gpa, len_bytes);
}

void copy_page(struct machine *m, uint32_t len_bytes)
{
    volatile struct monitor_page *page = m->page;
    uint64_t from_gpa = page->copy_from;
    void *to = gmem_ptr(&m->gmem, page->copy_to, len_bytes);
    const void *from = readable(m, from_gpa, len_bytes);

    if (!to || len_bytes > MONITOR_COPY_MAX)
        return;
    if (!from_gpa)
        memset(to, 0, len_bytes);
    else if (from)
        memmove(to, from, len_bytes);
}

void copy_series(struct machine *m, uint32_t len_bytes)
{
    volatile struct monitor_page *page = m->page;
    uint64_t to_gpa = page->copy_to, value = page->copy_from;
    uint64_t step = page->series_step;
    uint64_t *to = gmem_ptr(&m->gmem, to_gpa, len_bytes);

    if (!to || to_gpa % sizeof(*to) || len_bytes > MONITOR_COPY_MAX)
        return;
    for (uint32_t i = 0; i < len_bytes / sizeof(*to); i++, value += step)
        to[i] = value;
}
