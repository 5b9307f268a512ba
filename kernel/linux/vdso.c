/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where programs find the vDSO: in the kernel's own text, which every program
 * can read and execute. Nothing to map.
 */
#include "kernel/linux/vdso.h"

#include <stddef.h>

#include "kernel/core/clock.h"
#include "kernel/core/cpu.h"
#include "kernel/mm/mm.h"

_Static_assert(offsetof(struct cpu, clock) == VDSO_CPU_CLOCK, "vdso");
_Static_assert(offsetof(struct cpu, vcpu.index) == VDSO_CPU_INDEX, "vdso");

extern const char vdso_image[], vdso_image_end[];

uint64_t vdso_map(void)
{
    this_cpu()->clock = clock_page();
    mm_set_vdso((uint64_t)vdso_image, vdso_size());
    return (uint64_t)vdso_image;
}

uint64_t vdso_size(void)
{
    return (uint64_t)vdso_image_end - (uint64_t)vdso_image;
}
