/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switching kernel stacks, and where a new thread begins.
 */
    .text
    /* void arch_switch(uint64_t *save_sp, uint64_t load_sp) */
    .globl arch_switch
    .type arch_switch, @function
    .balign 16
arch_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size arch_switch, . - arch_switch

    /* First return of arch_switch in a new thread: r12 = fn, r13 = arg. */
    .globl arch_thread_begin
    .type arch_thread_begin, @function
arch_thread_begin:
    xor %ebp, %ebp
    call sched_thread_begun
    mov %r13, %rdi
    call *%r12
    ud2
    .size arch_thread_begin, . - arch_thread_begin

    .section .note.GNU-stack, "", @progbits
