/* SPDX-License-Identifier: BSD-2-Clause */
/* A boot file for einkorn-kvm that is not ours: note, entry, tables. */
#define OFFSET 0xffffffff80000000

    .section .note.einkorn, "a", @note
    .balign 4
    .long 8, 128, 1 /* struct monitor_note */
    .asciz "Einkorn"
    .quad guest_entry
    .quad pml4 - OFFSET, pdpt - OFFSET, pd - OFFSET
    .quad shim_pdpt - OFFSET, shim_pd - OFFSET, shim_pt - OFFSET
    .quad guest_begin, guest_rodata, guest_data, guest_end
    .quad 0, 0, 0 /* no debugger */
    .quad second_entry
    .quad 0 /* nothing to prepare */

    .text
    .globl guest_entry
guest_entry:
    lea stack_top(%rip), %rsp
    xor %ebp, %ebp
    call guest_main
    ud2

second_entry:
    lea second_stack_top(%rip), %rsp
    xor %ebp, %ebp
    call guest_second
    ud2

    .bss
    .balign 4096
    .globl pml4, pdpt
pml4:
    .skip 4096
pdpt:
    .skip 4096
pd:
    .skip 4 * 4096
shim_pdpt:
    .skip 4096
shim_pd:
    .skip 4096
shim_pt:
    .skip 4096
    .skip 16384
stack_top:
    .skip 4096
second_stack_top:

    .section .note.GNU-stack, "", @progbits
