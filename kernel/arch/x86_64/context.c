/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks: what a new one holds, which fault in the kernel was expected, and
 * who called whom.
 */
#include "kernel/arch/x86_64/arch.h"

extern const char arch_thread_begin[];

/* The order in which arch_switch pops. */
struct switch_frame {
    uint64_t r15, r14, r13, r12, rbx, rbp, rip;
};

uint64_t arch_prepare_stack(uint64_t top, void (*fn)(void *), void *arg)
{
    struct switch_frame *f = (struct switch_frame *)(top & ~UINT64_C(15)) - 1;

    /* After the `ret` the stack is 16-byte aligned, ready for a call. */
    *f = (struct switch_frame){.r12 = (uint64_t)fn,
                               .r13 = (uint64_t)arg,
                               .rip = (uint64_t)arch_thread_begin};
    return (uint64_t)f;
}

struct fixup {
    int32_t insn, target; /* relative to themselves */
};
extern const struct fixup __fixup_begin[], __fixup_end[];

static uint64_t absolute(const int32_t *offset)
{
    return (uint64_t)offset + (uint64_t)(int64_t)*offset;
}

uint64_t arch_fixup(uint64_t rip)
{
    const struct fixup *f = __fixup_begin;
    uint64_t bytes = (uint64_t)__fixup_end - (uint64_t)__fixup_begin;

    for (uint64_t nr = bytes / sizeof(*f); nr; nr--, f++)
        if (absolute(&f->insn) == rip)
            return absolute(&f->target);
    return 0;
}

/* A chain is followed upwards only, within what one stack can span. */
void arch_backtrace(uint64_t rbp, void (*fn)(uint64_t pc))
{
    uint64_t low = rbp;

    for (int depth = 0; depth < 32; depth++) {
        const uint64_t *frame = (const uint64_t *)rbp;

        if (rbp < low || rbp - low > 65536 || rbp % 8 || !rbp)
            return;
        if (!frame[1])
            return;
        fn(frame[1]);
        if (frame[0] <= rbp)
            return;
        rbp = frame[0];
    }
}
