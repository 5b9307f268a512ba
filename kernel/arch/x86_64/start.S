/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's entry point: rdi = struct abi_boot, on the boot stack.
 */
    .section .text.entry, "ax"
    .globl kernel_start
    .type kernel_start, @function
kernel_start:
    xor %ebp, %ebp
    and $-16, %rsp
    call kernel_main
    ud2
    .size kernel_start, . - kernel_start

    .section .note.GNU-stack, "", @progbits
