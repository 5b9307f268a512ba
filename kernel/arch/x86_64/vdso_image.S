/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vDSO's ELF file inside kernel text. Programs call into it on their own
 * stack, which makes it application context (abi/platform.h).
 */
    .section .text.vdso, "ax"
    .globl vdso_image, vdso_image_end
    .balign 4096
vdso_image:
    .incbin "vdso.so"
vdso_image_end:
    .balign 16

    .section .note.GNU-stack, "", @progbits
