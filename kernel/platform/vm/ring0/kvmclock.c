/* SPDX-License-Identifier: BSD-2-Clause */
/* Asks KVM for its clock (Linux, Documentation/virt/kvm/x86/msr.rst and
 * cpuid.rst): a page of ours, which ring 3 may read. */
#include "kernel/platform/vm/pvclock.h"
#include "kernel/platform/vm/ring0/asm.h"
#include "kernel/platform/vm/ring0/shim.h"
#include "kernel/platform/vm/ring0/space.h"

#define MSR_KVM_WALL_CLOCK 0x4b564d00
#define MSR_KVM_SYSTEM_TIME 0x4b564d01

enum { FEATURE_CLOCK = 1 << 3, CLOCK_ENABLE = 1 };
/* Several interfaces may stand one behind the other. */
enum { LEAF_STEP = 0x100 };
#define LEAF_FIRST 0x40000000u
#define LEAF_END 0x40010000u

static bool is_kvm(const uint32_t leaf[4])
{
    return leaf[1] == 0x4b4d564b && leaf[2] == 0x564b4d56 && leaf[3] == 0x4d;
}

static bool is_announced(void)
{
    uint32_t at, leaf[4];

    cpuid(1, 0, leaf);
    if (!(leaf[2] & 1u << 31)) /* no hypervisor at all */
        return false;
    for (at = LEAF_FIRST; at < LEAF_END; at += LEAF_STEP) {
        cpuid(at, 0, leaf);
        if (is_kvm(leaf))
            break;
        if (leaf[0] < at || leaf[0] >= at + LEAF_STEP)
            return false;
    }
    cpuid(at + 1, 0, leaf);
    return at < LEAF_END && leaf[0] & FEATURE_CLOCK;
}

int64_t kvmclock_start(void)
{
    phys_t page;

    if (!is_announced())
        return -ENOSYS;
    page = page_alloc_contiguous(1);
    if (!page)
        return -ENOMEM;
    wrmsr(MSR_KVM_WALL_CLOCK, page + offsetof(struct pvclock_page, wall));
    wrmsr(MSR_KVM_SYSTEM_TIME, page | CLOCK_ENABLE);
    return space_map_fixed(VM_KVM_CLOCK_AT, page, PAGE_SIZE, ABI_PROT_READ);
}
