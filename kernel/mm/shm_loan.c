/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shareable pages on loan: what is freed meanwhile is kept until they are
 * returned. Loans are counted by groups of pages, and groups by a hash, so
 * that freeing costs nothing for what was never lent; two groups that share a
 * slot may wait for each other's loans.
 */
#include "kernel/mm/shm_loan.h"

#include "abi/layout.h"
#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/mm/shm.h"
#include "lib/list.h"

enum { GROUP_PAGES = 16, SLOTS = 4096 };

struct shm_loan {
    struct loan loan;
    uint64_t first, end; /* groups */
};

/* Freed while on loan; pages of one group. */
struct kept {
    struct kept *next;
    uint64_t page, nr_pages;
};

struct slot {
    uint32_t nr_loans;
    struct kept *kept;
};

static struct slot slots[SLOTS];
static uint32_t nr_loans;

static struct slot *slot_of(uint64_t group)
{
    return &slots[(group * 0x9e3779b97f4a7c15 >> 40) % SLOTS];
}

static void keep(struct slot *s, uint64_t page, uint64_t nr_pages)
{
    struct kept *k = kmalloc(sizeof(*k));

    if (!k) {
        klog(LOG_WARN, "memory: lost %lu shareable pages",
             (unsigned long)nr_pages);
        return;
    }
    *k = (struct kept){s->kept, page, nr_pages};
    s->kept = k;
}

static void release(uint64_t page, uint64_t end)
{
    shm_release(page * ABI_PAGE_SIZE, end - page);
}

void shm_free(uint64_t off, size_t nr_pages)
{
    uint64_t page = off / ABI_PAGE_SIZE, end = page + nr_pages;
    uint64_t at = page; /* [page, at) is not on loan */

    while (nr_loans && at < end) {
        uint64_t next = (at / GROUP_PAGES + 1) * GROUP_PAGES;
        struct slot *s = slot_of(at / GROUP_PAGES);

        next = next < end ? next : end;
        if (s->nr_loans) {
            release(page, at);
            keep(s, at, next - at);
            page = next;
        }
        at = next;
    }
    release(page, end);
}

static void return_group(struct slot *s)
{
    struct kept *k;

    if (--s->nr_loans)
        return;
    while ((k = s->kept)) {
        s->kept = k->next;
        release(k->page, k->page + k->nr_pages);
        kfree(k);
    }
}

static void loan_end(struct loan *loan)
{
    struct shm_loan *l = container_of(loan, struct shm_loan, loan);

    for (uint64_t g = l->first; g < l->end; g++)
        return_group(slot_of(g));
    nr_loans--;
    kfree(l);
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
        slot_of(g)->nr_loans++;
    nr_loans++;
    return &l->loan;
}
