/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Self-relocation: R_X86_64_RELATIVE entries of the kernel's own image. A
 * loader may have done it already; then the probe holds the right address.
 * Also home of the assertions on frame.h.
 */
#include "abi/layout.h"
#include "kernel/arch/x86_64/arch.h"
#include "lib/elf.h"

extern const struct elf64_dyn _DYNAMIC[];
extern const char __kernel_begin[];

static const void *volatile const probe = __kernel_begin;

static void apply(const struct elf64_rela *rela, uint64_t nr, uint64_t delta)
{
    for (; nr; nr--, rela++)
        if (elf_r_type(rela->r_info) == ELF_R_RELATIVE)
            *(uint64_t *)(rela->r_offset + delta) =
                (uint64_t)rela->r_addend + delta;
}

void arch_relocate(void)
{
    uint64_t delta = (uint64_t)__kernel_begin - ABI_KERNEL_BASE;
    uint64_t rela = 0, len_bytes = 0;

    if (probe == __kernel_begin)
        return;
    for (const struct elf64_dyn *d = _DYNAMIC; d->d_tag != ELF_DT_NULL; d++) {
        if (d->d_tag == ELF_DT_RELA)
            rela = d->d_val + delta;
        else if (d->d_tag == ELF_DT_RELASZ)
            len_bytes = d->d_val;
    }
    apply((const struct elf64_rela *)rela,
          len_bytes / sizeof(struct elf64_rela), delta);
}

#define SAME(field, value)                                                     \
    _Static_assert(offsetof(struct abi_frame, field) == (value), #field)
SAME(r15, FRAME_R15);
SAME(r14, FRAME_R14);
SAME(r13, FRAME_R13);
SAME(r12, FRAME_R12);
SAME(rbp, FRAME_RBP);
SAME(rbx, FRAME_RBX);
SAME(r11, FRAME_R11);
SAME(r10, FRAME_R10);
SAME(r9, FRAME_R9);
SAME(r8, FRAME_R8);
SAME(rax, FRAME_RAX);
SAME(rcx, FRAME_RCX);
SAME(rdx, FRAME_RDX);
SAME(rsi, FRAME_RSI);
SAME(rdi, FRAME_RDI);
SAME(addr, FRAME_ADDR);
SAME(kind, FRAME_KIND);
SAME(rip, FRAME_RIP);
SAME(rflags, FRAME_RFLAGS);
SAME(rsp, FRAME_RSP);
_Static_assert(sizeof(struct abi_frame) == FRAME_SIZE, "frame");
_Static_assert(VCPU_MASK == ABI_VCPU_MASK, "vcpu");
_Static_assert(VCPU_PENDING == ABI_VCPU_PENDING, "vcpu");
_Static_assert(VCPU_KSTACK_TOP == ABI_VCPU_KSTACK_TOP, "vcpu");
_Static_assert(VCPU_SCRATCH == ABI_VCPU_SCRATCH, "vcpu");
_Static_assert(VCPU_FRAME == ABI_VCPU_FRAME, "vcpu");
