/* SPDX-License-Identifier: BSD-2-Clause */
/* The least that QEMU can boot (PVH): the time-stamp counter at its first
 * instruction, eight bytes to the debug port, and the end. */
    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long start

    .text
    .code32
    .globl start
start:
    rdtsc
    mov %eax, %ebx
    mov %edx, %esi
    mov $0x402, %dx
    mov $4, %ecx
1:  mov %bl, %al
    out %al, %dx
    shr $8, %ebx
    loop 1b
    mov $4, %ecx
2:  mov %esi, %eax
    out %al, %dx
    shr $8, %esi
    loop 2b
    xor %eax, %eax
    mov $0xf4, %dx
    out %eax, %dx
3:  hlt
    jmp 3b
