/* SPDX-License-Identifier: BSD-2-Clause */
/* The tender's entry from the host, and the first step of its threads. */
#include <asm/unistd.h>

    .text
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
    movq %rsp, %rdi
    leaq boot_stack_top(%rip), %rsp
    call tender_main
    hlt
    .size _start, . - _start

/* rdi = flags, rsi = stack, rdx = argument of thread_main */
    .globl thread_clone
    .type thread_clone, @function
thread_clone:
    movq %rdx, %r9
    xorl %edx, %edx
    xorl %r10d, %r10d
    xorl %r8d, %r8d
    movl $__NR_clone, %eax
    syscall
    testq %rax, %rax
    jz 1f
    ret
1:  xorl %ebp, %ebp
    andq $-16, %rsp
    movq %r9, %rdi
    call thread_main
    hlt
    .size thread_clone, . - thread_clone

    .bss
    .globl boot_stack_top
    .balign 16
boot_stack:
    .skip 65536
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
