/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shareable pages on loan: what is freed meanwhile is kept until they are
 * returned. Loans are counted by groups of pages, and groups by a hash, so
 * that freeing costs nothing for what was never lent; two groups that share a
 * counter may wait for each other's loans.
 */
#include "kernel/mm/shm_loan.h"

#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/mm/shm.h"
#include "lib/list.h"

enum { GROUP_PAGES = 16, COUNTERS = 4096 };

struct shm_loan {
    struct loan loan;
    uint64_t first, end; /* groups */
};

/* Freed while on loan. */
struct kept {
    struct list node;
    uint64_t page, nr_pages;
};

static uint32_t counters[COUNTERS];
static uint32_t nr_loans;
static struct list kept = LIST_INIT(kept);

static uint32_t *counter(uint64_t group)
{
    return &counters[(group * 0x9e3779b97f4a7c15 >> 40) % COUNTERS];
}

/* Pages from `page` on, at most nr, that are alike: lent, or not. */
static uint64_t run(uint64_t page, uint64_t nr, bool *lent)
{
    uint64_t end = page + nr, at = page;

    *lent = *counter(page / GROUP_PAGES) > 0;
    while (at < end && (*counter(at / GROUP_PAGES) > 0) == *lent)
        at = (at / GROUP_PAGES + 1) * GROUP_PAGES;
    return (at < end ? at : end) - page;
}

static void keep(uint64_t page, uint64_t nr_pages)
{
    struct kept *k = kmalloc(sizeof(*k));

    if (!k) {
        klog(LOG_WARN, "memory: lost %lu shareable pages",
             (unsigned long)nr_pages);
        return;
    }
    k->page = page;
    k->nr_pages = nr_pages;
    list_push_back(&kept, &k->node);
}

void shm_free(uint64_t off, size_t nr_pages)
{
    uint64_t page = off / ABI_PAGE_SIZE, left = nr_pages;

    while (nr_loans && left) {
        bool lent;
        uint64_t n = run(page, left, &lent);

        if (lent)
            keep(page, n);
        else
            shm_release(page * ABI_PAGE_SIZE, n);
        page += n;
        left -= n;
    }
    shm_release(page * ABI_PAGE_SIZE, left);
}

static void free_kept(void)
{
    struct list again = LIST_INIT(again), *node;

    while ((node = list_pop_front(&kept)))
        list_push_back(&again, node);
    while ((node = list_pop_front(&again))) {
        struct kept *k = container_of(node, struct kept, node);

        shm_free(k->page * ABI_PAGE_SIZE, k->nr_pages);
        kfree(k);
    }
}

static void loan_end(struct loan *loan)
{
    struct shm_loan *l = container_of(loan, struct shm_loan, loan);

    for (uint64_t g = l->first; g < l->end; g++)
        --*counter(g);
    nr_loans--;
    kfree(l);
    if (!list_empty(&kept))
        free_kept();
}

struct loan *shm_lend(const void *mem, uint64_t len_bytes)
{
    uint64_t off = (uint64_t)((const char *)mem - (const char *)shm_ptr(0));
    const uint64_t group_bytes = GROUP_PAGES * ABI_PAGE_SIZE;
    struct shm_loan *l = kmalloc(sizeof(*l));

    if (!l)
        return NULL;
    l->loan = (struct loan){.refs = 1, .end = loan_end};
    l->first = off / group_bytes;
    l->end = (off + len_bytes + group_bytes - 1) / group_bytes;
    for (uint64_t g = l->first; g < l->end; g++)
        ++*counter(g);
    nr_loans++;
    return &l->loan;
}
