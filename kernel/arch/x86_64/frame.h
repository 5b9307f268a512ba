/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offsets in struct abi_vcpu and struct abi_frame for assembly; frame.c
 * asserts that they are right. FRAME_KIND_FAST is the kernel's own kind.
 */
#ifndef EINKORN_KERNEL_ARCH_X86_64_FRAME_H
#define EINKORN_KERNEL_ARCH_X86_64_FRAME_H

#define VCPU_MASK 0
#define VCPU_PENDING 1
#define VCPU_KSTACK_TOP 24
#define VCPU_SCRATCH 32
#define VCPU_FRAME 40
#define VCPU_EXIT_BEGIN 56

#define FRAME_R15 0
#define FRAME_R14 8
#define FRAME_R13 16
#define FRAME_R12 24
#define FRAME_RBP 32
#define FRAME_RBX 40
#define FRAME_R11 48
#define FRAME_R10 56
#define FRAME_R9 64
#define FRAME_R8 72
#define FRAME_RAX 80
#define FRAME_RCX 88
#define FRAME_RDX 96
#define FRAME_RSI 104
#define FRAME_RDI 112
#define FRAME_ADDR 120
#define FRAME_KIND 136
#define FRAME_RIP 144
#define FRAME_RFLAGS 160
#define FRAME_RSP 168
#define FRAME_SIZE 184

/* Frame of a patched system call: cs, ss and the exception's fields are not
 * written, callee-saved registers are not restored from it. */
#define FRAME_KIND_FAST 16

#endif
