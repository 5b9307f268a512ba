/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a signal handler finds on its stack: Linux's struct rt_sigframe for
 * x86-64 (arch/x86/include/uapi/asm/{sigcontext,ucontext}.h describe the
 * layout). The vector image stands apart, above it, 64-byte aligned.
 */
#ifndef EINKORN_KERNEL_SCHED_SIGFRAME_H
#define EINKORN_KERNEL_SCHED_SIGFRAME_H

#include <stddef.h>
#include <stdint.h>

struct sig_context {
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, eflags;
    uint16_t cs, gs, fs, ss;
    uint64_t err, trapno, oldmask, cr2;
    uint64_t fpstate;
    /* Ours, in Linux's reserved words: where to go on really if rip still is
     * what we wrote, the canonical address. */
    uint64_t resume_rip, shown_rip;
    uint64_t reserved[6];
};

struct sig_stack {
    uint64_t sp;
    int32_t flags, pad;
    uint64_t size;
};

enum {
    UC_XSTATE = 1,
    UC_SS = 2,
    UC_STRICT_SS = 4,
};

struct sig_ucontext {
    uint64_t flags, link;
    struct sig_stack stack;
    struct sig_context mc;
    uint64_t sigmask;
};

struct rt_sigframe {
    uint64_t pretcode;
    struct sig_ucontext uc;
    uint8_t info[128];
};

/* Bytes 464 to 511 of the vector image: what follows its first 512 bytes. */
struct fpx_sw_bytes {
    uint32_t magic1, extended_size;
    uint64_t xfeatures;
    uint32_t xstate_size, padding[7];
};

enum {
    FPX_SW_OFFSET = 464,
    FPX_HEADER_OFFSET = 512,
    FPX_MXCSR_OFFSET = 24,
};
#define FPX_MAGIC1 UINT32_C(0x46505853)
#define FPX_MAGIC2 UINT32_C(0x46505845)

_Static_assert(sizeof(struct sig_context) == 256, "sigcontext");
_Static_assert(sizeof(struct sig_ucontext) == 304, "ucontext");
_Static_assert(sizeof(struct rt_sigframe) == 440, "rt_sigframe");
_Static_assert(offsetof(struct sig_context, fpstate) == 184, "sigcontext");

#endif
