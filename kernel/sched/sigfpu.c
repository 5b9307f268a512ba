/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Vector registers to and from signal frames, by way of the thread's own save
 * area, which is free while the registers are live.
 */
#include "kernel/sched/sigfpu.h"

#include <asm/errno.h>

#include "kernel/arch/x86_64/fpu.h"
#include "kernel/sched/run.h"
#include "kernel/sched/sigframe.h"
#include "lib/string.h"

uint32_t sigfpu_size(void)
{
    return fpu_size_bytes() + (arch_fpu_features() ? 4 : 0);
}

/* Only once the registers are the current thread's. */
static int live_area(uint8_t **area)
{
    struct thread *t = current_thread();
    int err;

    fpu_make_live();
    err = fpu_ensure_area(t);
    *area = t->fpu;
    return err;
}

static void describe(uint8_t *area)
{
    struct fpx_sw_bytes sw = {0};

    if (arch_fpu_features()) {
        sw.magic1 = FPX_MAGIC1;
        sw.extended_size = sigfpu_size();
        sw.xfeatures = arch_fpu_features();
        sw.xstate_size = fpu_size_bytes();
    }
    memcpy(area + FPX_SW_OFFSET, &sw, sizeof(sw));
}

int sigfpu_push(uptr_t addr)
{
    const uint32_t magic2 = FPX_MAGIC2;
    uint8_t *area;
    int err = live_area(&area);

    if (err)
        return err;
    arch_fpu_save_standard(area);
    describe(area);
    err = copy_to_user(addr, area, fpu_size_bytes());
    if (!err && arch_fpu_features())
        err = copy_out(addr + fpu_size_bytes(), &magic2);
    return err;
}

/* Bytes of the image that the program says are there. */
static uint32_t image_size(const uint8_t *area, uptr_t addr, uint64_t *features)
{
    struct fpx_sw_bytes sw;
    uint32_t magic2;

    *features = 3;
    memcpy(&sw, area + FPX_SW_OFFSET, sizeof(sw));
    if (!arch_fpu_features() || sw.magic1 != FPX_MAGIC1 ||
        sw.xstate_size < FPX_HEADER_OFFSET + 64 ||
        sw.xstate_size > fpu_size_bytes() ||
        copy_in(&magic2, addr + sw.xstate_size) < 0 || magic2 != FPX_MAGIC2)
        return FPX_HEADER_OFFSET;
    *features = sw.xfeatures;
    return sw.xstate_size;
}

/* The program may have written anything: keep what XRSTOR accepts. */
static void sanitize(uint8_t *area, uint64_t features)
{
    uint64_t header[8] = {0};
    uint32_t mxcsr;

    memcpy(&mxcsr, area + FPX_MXCSR_OFFSET, 4);
    mxcsr &= 0xffff;
    memcpy(area + FPX_MXCSR_OFFSET, &mxcsr, 4);
    if (!arch_fpu_features())
        return;
    memcpy(header, area + FPX_HEADER_OFFSET, 8);
    header[0] = features == 3 ? 3 : header[0] & features;
    header[0] &= arch_fpu_features();
    memcpy(area + FPX_HEADER_OFFSET, header, sizeof(header));
}

int sigfpu_pop(uptr_t addr)
{
    uint64_t features;
    uint32_t size;
    uint8_t *area;
    int err = live_area(&area);

    if (err)
        return err;
    if (!addr) {
        arch_fpu_reset(area);
        return 0;
    }
    memset(area, 0, fpu_size_bytes());
    err = copy_from_user(area, addr, FPX_HEADER_OFFSET);
    if (err)
        return err;
    size = image_size(area, addr, &features);
    err = copy_from_user(area + FPX_HEADER_OFFSET, addr + FPX_HEADER_OFFSET,
                         size - FPX_HEADER_OFFSET);
    if (err)
        return err;
    sanitize(area, features);
    if (!arch_fpu_restore(area))
        arch_fpu_reset(area);
    return 0;
}
