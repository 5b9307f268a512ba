/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page faults of the program that the platform did not settle itself: most
 * are the program's error and become signals; the rest are pages that a file
 * system brings in when they are touched or that a file has grown by, and
 * stacks that grow downwards.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/mman.h>

#include "kernel/core/cpu.h"
#include "kernel/mm/mm.h"
#include "kernel/mm/space.h"
#include "kernel/mm/vma.h"

/* x86 page fault error code. */
enum { FAULT_WRITE = 2, FAULT_FETCH = 16 };

/* Linux keeps this much free below a mapping that grows downwards. */
static const uint64_t stack_guard_bytes = 256 * ABI_PAGE_SIZE;

static bool may_access(int prot, uint32_t error)
{
    if (error & FAULT_WRITE)
        return prot & PROT_WRITE;
    if (error & FAULT_FETCH)
        return prot & PROT_EXEC;
    return prot & (PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* addr lies in the free range in front of v, which may grow. */
static int grow_down(struct vma *v, uint64_t addr)
{
    struct vma grown = *v, *n;
    uint64_t floor = v->start - v->gap;

    addr = page_down(addr);
    if (v->end - addr > space_stack_limit())
        return -1;
    if (addr < floor + stack_guard_bytes && floor > ABI_USER_MIN)
        return -1;
    grown.start = grown.filled = addr;
    grown.end = v->start;
    grown.flags &= ~MAP_GROWSDOWN;
    n = vma_insert(&grown);
    if (!n)
        return -1;
    if (space_fill(n)) {
        vma_erase(n);
        return -1;
    }
    /* Now one mapping again, which begins at addr. */
    vma_erase(n);
    vma_set_start(v, addr);
    return 0;
}

/* Between the fault and here: another CPU has allowed by now what was refused,
 * and the instruction is to try again. */
static bool may_have_changed(void)
{
    return platform.boot->nr_vcpus > 1;
}

/* The platform shows the page, but not as it was touched. */
static int touch(struct vma *v, uint64_t addr, uint32_t error)
{
    struct backing *b = v->backing;
    struct backing_view view = space_view(v, v->start, v->filled);

    if (!b || !b->ops->fault)
        return may_have_changed() ? 0 : SIGBUS;
    return b->ops->fault(b, &view, page_down(addr), error & FAULT_WRITE)
               ? SIGBUS
               : 0;
}

int mm_fault(uint64_t addr, uint32_t error, int *code)
{
    struct vma *v = vma_find(addr);

    *code = SEGV_MAPERR;
    if (!v || v->hidden)
        return SIGSEGV;
    if (v->start > addr) {
        if ((v->flags & MAP_GROWSDOWN) && !v->backing &&
            v->start - addr <= v->gap && may_access(v->prot, error) &&
            grow_down(v, addr) == 0)
            return 0;
        return SIGSEGV;
    }
    *code = SEGV_ACCERR;
    if (!may_access(v->prot, error))
        return SIGSEGV;
    *code = BUS_ADRERR;
    if (space_limit(v) <= addr)
        return SIGBUS;
    if (addr < v->filled)
        return touch(v, addr, error);
    return space_fill(v) ? SIGBUS : 0;
}
