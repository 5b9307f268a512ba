/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nothing but the assertions that frame.h's offsets are right.
 */
#include "kernel/arch/x86_64/frame.h"

#include <stddef.h>

#include "abi/platform.h"

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
_Static_assert(VCPU_EXIT_BEGIN == ABI_VCPU_EXIT_BEGIN, "vcpu");
