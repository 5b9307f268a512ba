/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XSAVE and its relatives (Intel SDM volume 1, chapter 13). AMX tiles stay
 * out: their areas are large and programs have to ask for them.
 */
#include "kernel/arch/x86_64/fpu.h"

#include "abi/sidecar.h"
#include "kernel/arch/x86_64/arch.h"
#include "lib/string.h"

enum {
    FXSAVE_BYTES = 512,
    HEADER_BYTES = 64,
    LEAF_XSAVE = 0xd,
    OSXSAVE = 1 << 27,
    XSAVEC = 1 << 1,
    MXCSR_DEFAULT = 0x1f80,
    FCW_DEFAULT = 0x37f,
};

#define FEATURES_AMX (UINT64_C(3) << 17)

static struct {
    bool known, xsavec;
    uint32_t size_bytes;
    uint64_t features;
} fpu;

struct cpuid arch_cpuid_known(uint32_t leaf, uint32_t subleaf)
{
    const struct sidecar_cpuid *c;

    __asm__("mov %%gs:%c1, %0" : "=r"(c) : "i"(ABI_VCPU_CPUID));
    for (; c; c = c->more ? c + 1 : NULL)
        if (c->leaf == leaf && c->subleaf == (subleaf & c->subleaf_mask))
            return (struct cpuid){c->eax, c->ebx, c->ecx, c->edx};
    return arch_cpuid(leaf, subleaf);
}

static uint64_t xgetbv0(void)
{
    uint32_t lo, hi;

    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

/* Standard format: each component has a fixed place. */
static uint32_t standard_size(uint64_t features)
{
    uint32_t size = FXSAVE_BYTES + HEADER_BYTES;

    for (uint32_t i = 2; i < 63; i++) {
        struct cpuid c;

        if (!(features >> i & 1))
            continue;
        c = arch_cpuid_known(LEAF_XSAVE, i);
        if (c.ebx + c.eax > size)
            size = c.ebx + c.eax;
    }
    return size;
}

static void detect(void)
{
    fpu.known = true;
    fpu.size_bytes = FXSAVE_BYTES;
    if (!(arch_cpuid_known(1, 0).ecx & OSXSAVE))
        return;
    fpu.features = xgetbv0();
    if (fpu.features & FEATURES_AMX) {
        fpu.features &= ~FEATURES_AMX;
        fpu.size_bytes = standard_size(fpu.features);
    } else {
        fpu.size_bytes = arch_cpuid_known(LEAF_XSAVE, 0).ebx;
    }
    fpu.xsavec = arch_cpuid_known(LEAF_XSAVE, 1).eax & XSAVEC;
}

uint32_t arch_fpu_size(void)
{
    if (!fpu.known)
        detect();
    return fpu.size_bytes;
}

uint64_t arch_fpu_features(void)
{
    if (!fpu.known)
        detect();
    return fpu.features;
}

static uint64_t *header(void *area)
{
    return (uint64_t *)((char *)area + FXSAVE_BYTES);
}

static void xsave(void *area)
{
    __asm__ volatile("xsave64 (%0)"
                     :
                     : "r"(area), "a"((uint32_t)fpu.features),
                       "d"((uint32_t)(fpu.features >> 32))
                     : "memory");
}

void arch_fpu_save_standard(void *area)
{
    if (!arch_fpu_features()) {
        __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
        return;
    }
    /* XSAVE writes XSTATE_BV only; the rest may be left from XSAVEC. */
    memset(header(area), 0, HEADER_BYTES);
    xsave(area);
}

void arch_fpu_save(void *area)
{
    if (!fpu.known)
        detect();
    if (fpu.xsavec)
        __asm__ volatile("xsavec64 (%0)"
                         :
                         : "r"(area), "a"((uint32_t)fpu.features),
                           "d"((uint32_t)(fpu.features >> 32))
                         : "memory");
    else
        arch_fpu_save_standard(area);
}

static int xrstor(const void *area)
{
    int err;

    __asm__ volatile("1: xrstor64 (%1)\n"
                     "xor %0, %0\n"
                     "2:\n"
                     ".pushsection .fixup, \"a\"\n"
                     ".balign 4\n"
                     ".long 1b - ., 2b - .\n"
                     ".popsection"
                     : "=a"(err)
                     : "r"(area), "a"((uint32_t)fpu.features | 1),
                       "d"((uint32_t)(fpu.features >> 32))
                     : "memory");
    return err;
}

static int fxrstor(const void *area)
{
    int err;

    __asm__ volatile("mov $1, %0\n"
                     "1: fxrstor64 (%1)\n"
                     "xor %0, %0\n"
                     "2:\n"
                     ".pushsection .fixup, \"a\"\n"
                     ".balign 4\n"
                     ".long 1b - ., 2b - .\n"
                     ".popsection"
                     : "=&a"(err)
                     : "r"(area)
                     : "memory");
    return err;
}

bool arch_fpu_restore(const void *area)
{
    return (arch_fpu_features() ? xrstor(area) : fxrstor(area)) == 0;
}

void arch_fpu_begin(void)
{
    const uint32_t mxcsr = MXCSR_DEFAULT;

    __asm__ volatile("fninit\n"
                     "ldmxcsr %0"
                     :
                     : "m"(mxcsr));
}

void arch_fpu_reset(void *scratch_area)
{
    memset(scratch_area, 0, arch_fpu_size());
    *(uint16_t *)scratch_area = FCW_DEFAULT;
    *(uint32_t *)((char *)scratch_area + 24) = MXCSR_DEFAULT;
    arch_fpu_restore(scratch_area);
}
