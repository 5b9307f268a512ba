/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hypervisors that run ring 3 on the real processor and emulate ring 0
 * (kvm_pvm; abi/monitor.h): there `syscall` arrives at LSTAR still in ring 3,
 * where a #UD leads on, and `int n` raises #UD itself.
 */
#include "kernel/platform/vm/ring0/shim.h"

enum { VEC_INVALID = 6, VEC_INT3 = 3, VEC_PROTECTION = 13, IDT = 2 };
enum { OP_INT3 = 0xcc, OP_INT = 0xcd };

bool native_ring3_flag;

/* What the processor would have said to the instruction at rip. */
static void software_interrupt(struct abi_frame *frame)
{
    const uint8_t *code = (const uint8_t *)frame->rip;

    if (frame->rip >= ABI_PLATFORM_END)
        return;
    if (code[0] == OP_INT3) {
        frame->vector = VEC_INT3;
        frame->rip++;
    } else if (code[0] == OP_INT) {
        frame->vector = VEC_PROTECTION;
        frame->error = code[1] * 8u | IDT;
    }
}

bool native_fixup(struct abi_frame *frame)
{
    bool landed = frame->rip == ring3_layout.landing;

    if (landed) { /* the selectors are LSTAR's, the ring was not */
        frame->cs = VM_CS;
        frame->ss = VM_SS;
    }
    if (frame->vector != VEC_INVALID || frame->cs != VM_CS)
        return false;
    if (!landed) {
        software_interrupt(frame);
        return false;
    }
    frame->rip = frame->rcx;
    frame->rflags = frame->r11;
    return true;
}
