/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For assembly: general registers out of a struct abi_frame that lies at rsp
 * (abi/platform.h), and on with it. The kernel and the shim leave so.
 */
#ifndef EINKORN_LIB_FRAME_RESTORE_H
#define EINKORN_LIB_FRAME_RESTORE_H

    .macro RESTORE_AND_IRET
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rax
    pop %rcx
    pop %rdx
    pop %rsi
    pop %rdi
    add $24, %rsp /* addr, vector and error, kind */
    iretq
    .endm

#endif
