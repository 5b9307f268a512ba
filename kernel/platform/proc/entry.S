/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What C cannot say: the window of wait() that signals know, the way back
 * from signal handlers, and the first step into the kernel.
 */
#include <asm/unistd.h>

    .text

/* rdi = fds, rsi = number, rdx = timeout or 0, rcx = address of pending */
    .globl gate_ppoll, gate_ppoll_begin, gate_ppoll_end, gate_ppoll_out
    .type gate_ppoll, @function
gate_ppoll:
    xorl %r10d, %r10d
    xorl %r8d, %r8d
gate_ppoll_begin:
    cmpb $0, (%rcx)
    jne gate_ppoll_out
    movl $__NR_ppoll, %eax
    syscall
gate_ppoll_end:
    ret
gate_ppoll_out:
    movq $-4, %rax /* -EINTR */
    ret
    .size gate_ppoll, . - gate_ppoll

    .globl gate_restorer
    .type gate_restorer, @function
gate_restorer:
    movl $__NR_rt_sigreturn, %eax
    syscall
    hlt
    .size gate_restorer, . - gate_restorer

/* rdi = entry, rsi = argument, rdx = stack top; clears all else. */
    .globl gate_enter
    .type gate_enter, @function
gate_enter:
    movq %rdx, %rsp
    andq $-16, %rsp
    movq %rdi, %rax
    movq %rsi, %rdi
    xorl %ebx, %ebx
    xorl %ecx, %ecx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %ebp, %ebp
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r11d, %r11d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    call *%rax
    hlt
    .size gate_enter, . - gate_enter

    .section .note.GNU-stack, "", @progbits
