/* SPDX-License-Identifier: BSD-2-Clause */
/* A static program that prints the time-stamp counter as it was at its first
 * instruction: eight bytes. */
    .text
    .globl _start
_start:
    rdtsc
    shl $32, %rdx
    or %rdx, %rax
    push %rax
    mov $1, %edi
    mov %rsp, %rsi
    mov $8, %edx
    mov $1, %eax
    syscall
    xor %edi, %edi
    mov $231, %eax
    syscall
