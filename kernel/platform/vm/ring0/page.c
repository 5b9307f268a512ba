/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical pages: first those that were freed (a list through the pages
 * themselves), then untouched memory, range after range, so that memory which
 * nobody needs is never touched.
 */
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/percpu.h"
#include "kernel/platform/vm/ring0/space.h"
#include "lib/string.h"

enum { MAX_RANGES = 16 };

static struct {
    phys_t next, end;
} ranges[MAX_RANGES];
static uint32_t nr_ranges;
static phys_t free_list;
static uint64_t nr_freed;
/* Freed, but another CPU may still use them, until all have forgotten: so the
 * list does not go through the pages, but through space_shadows. 0: none. */
static uint32_t held;
static phys_t top;

void page_add_range(phys_t base, uint64_t len_bytes)
{
    phys_t next = (base + PAGE_SIZE - 1) & -PAGE_SIZE;
    phys_t end = (base + len_bytes) & -PAGE_SIZE;

    if (next >= end || nr_ranges == MAX_RANGES)
        return;
    ranges[nr_ranges].next = next;
    ranges[nr_ranges].end = end;
    nr_ranges++;
    top = end > top ? end : top;
}

static phys_t take_fresh(uint64_t len_bytes)
{
    for (uint32_t i = 0; i < nr_ranges; i++) {
        phys_t page = ranges[i].next;

        if (ranges[i].end - page < len_bytes)
            continue;
        ranges[i].next += len_bytes;
        return page;
    }
    return 0;
}

static __attribute__((noinline, cold)) phys_t take_held(void)
{
    phys_t page;

    if (!held)
        return 0;
    smp_flush_others();
    page_release_held();
    page = free_list;
    free_list = *(phys_t *)phys_to_virt(page);
    nr_freed--;
    return page;
}

phys_t page_alloc(void)
{
    phys_t page = free_list;

    if (!page) {
        page = take_fresh(PAGE_SIZE);
        return page ? page : take_held();
    }
    free_list = *(phys_t *)phys_to_virt(page);
    nr_freed--;
    return page;
}

/* Where ring 0 is emulated a string instruction takes 0.1 us for each word;
 * an exit to the monitor takes 10. */
static void ask_monitor(enum monitor_do what, uint64_t to, uint64_t from,
                        uint64_t len_bytes)
{
    if (!monitor) /* it is its property that asks for this */
        __builtin_unreachable();
    monitor->copy_to = to;
    monitor->copy_from = from;
    outl(MONITOR_PORT_DO, MONITOR_REQUEST(what, len_bytes));
}

void page_copy(phys_t to, phys_t from, uint32_t nr_pages)
{
    uint64_t len = nr_pages * PAGE_SIZE;

    if (native_ring3())
        ask_monitor(MONITOR_DO_COPY, to, from, len);
    else
        memcpy(phys_to_virt(to), phys_to_virt(from), len);
}

void page_zero(phys_t page)
{
    if (native_ring3())
        ask_monitor(MONITOR_DO_COPY, page, 0, PAGE_SIZE);
    else
        memset(phys_to_virt(page), 0, PAGE_SIZE);
}

void page_series_long(uint64_t *words, uint32_t nr, uint64_t first,
                      uint64_t step)
{
    monitor->series_step = step;
    ask_monitor(MONITOR_DO_SERIES, virt_to_phys(words), first,
                nr * sizeof(*words));
}

/* Our monitor's memory is zero until it is first written. */
phys_t page_alloc_zeroed(void)
{
    bool fresh = !free_list;
    phys_t page = page_alloc();

    if (page && !(fresh && monitor))
        page_zero(page);
    return page;
}

phys_t page_alloc_row(uint32_t nr)
{
    enum { PLENTY_BYTES = 4 << 20 };
    uint64_t len = nr * PAGE_SIZE;
    phys_t page;

    for (uint32_t i = 0; i < nr_ranges && nr; i++) {
        page = ranges[i].next;
        if (ranges[i].end - page < len + PLENTY_BYTES)
            continue;
        ranges[i].next += len;
        if (!monitor)
            memset(phys_to_virt(page), 0, len);
        return page;
    }
    return 0;
}

phys_t page_alloc_span(uint64_t nr_pages)
{
    return take_fresh(nr_pages * PAGE_SIZE);
}

phys_t page_top(void)
{
    return top;
}

phys_t page_alloc_contiguous(uint64_t nr_pages)
{
    phys_t page = page_alloc_span(nr_pages);

    if (page && !monitor)
        memset(phys_to_virt(page), 0, nr_pages * PAGE_SIZE);
    return page;
}

static void give_back(phys_t page)
{
    *(phys_t *)phys_to_virt(page) = free_list;
    free_list = page;
    nr_freed++;
}

static __attribute__((noinline, cold)) void hold(phys_t page)
{
    space_shadows[page / PAGE_SIZE] = held;
    held = (uint32_t)(page / PAGE_SIZE);
}

void page_free(phys_t page)
{
    if (__builtin_expect(smp_several, 0))
        hold(page);
    else
        give_back(page);
}

void page_release_held(void)
{
    while (held) {
        phys_t page = held * PAGE_SIZE;

        held = space_shadows[held];
        give_back(page);
    }
}

uint64_t page_nr_free(void)
{
    uint64_t nr = nr_freed;

    for (uint32_t i = 0; i < nr_ranges; i++)
        nr += (ranges[i].end - ranges[i].next) / PAGE_SIZE;
    return nr;
}
