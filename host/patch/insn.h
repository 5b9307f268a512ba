/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One decoded x86-64 instruction, reduced to what patching asks about it. The
 * decoder library is known to insn.c only.
 */
#ifndef EINKORN_HOST_PATCH_INSN_H
#define EINKORN_HOST_PATCH_INSN_H

#include <stdbool.h>
#include <stdint.h>

struct insn {
    unsigned len;
    bool ends_flow; /* what stands behind is not reached from here */
    bool is_syscall;
    bool is_cpuid;
    bool is_call_or_ret;
    bool is_branch;  /* jump, call, return, interrupt: cannot be moved */
    bool is_jump;    /* unconditional, direct or not */
    bool has_target; /* target is where a direct branch goes */
    bool is_rip_relative;
    bool is_lea;
    bool sets_rax; /* a plain load of eax or rax: register, constant, 0 */
    bool has_imm32;
    unsigned disp_off; /* of the 32-bit displacement, if RIP-relative */
    uint64_t target;   /* of the branch, or the RIP-relative address */
    int64_t imm;       /* constant operand, sign-extended; 0 if none */
};

/* Decode the instruction at p, which lies at vaddr; at most `room` bytes are
 * looked at. False if there is none. */
bool insn_decode(struct insn *in, const uint8_t *p, uint64_t room,
                 uint64_t vaddr);

/* Does it read or write rcx or a part of it, stated or implied? */
bool insn_uses_rcx(const uint8_t *p, unsigned len);

/* Which of the status flags (CF, PF, AF, ZF, SF, OF as in RFLAGS) it reads,
 * and which hold something new afterwards. False if it cannot be decoded. */
bool insn_flags(const uint8_t *p, unsigned len, uint32_t *reads,
                uint32_t *writes);

enum { INSN_STATUS_FLAGS = 0x8d5 };

#endif
