/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PVH entry: 32-bit protected mode without paging, ebx = struct
 * hvm_start_info (Xen, docs/misc/pvh). Maps the first 4 GiB, enters long mode
 * and calls ring0_main(start_info).
 */
#define OFFSET 0xffffffff80000000
#define PHYS(sym) ((sym) - OFFSET)

#define PTE_TABLE 0x3 /* present, writable */
#define PTE_LARGE 0x83

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long PHYS(pvh_entry)

    .section .note.pvh, "a", @note
    .balign 4
    .long 8, 88, 1 /* struct monitor_note */
    .asciz "Einkorn"
    .quad monitor_entry
    .quad PHYS(space_pml4), PHYS(boot_pdpt), PHYS(boot_pd)
    .quad PHYS(shim_pdpt), PHYS(shim_pd), PHYS(shim_pt)
    .quad shim_begin, shim_rodata, shim_data, shim_end

    .section .text.boot, "ax"
    .code32
    .globl pvh_entry
pvh_entry:
    cld
    mov %ebx, %ebp
    /* 2048 large pages, four directories. */
    mov $PHYS(boot_pd), %edi
    mov $PTE_LARGE, %eax
    mov $2048, %ecx
1:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 1b
    mov $PHYS(boot_pdpt), %edi
    mov $PHYS(boot_pd) + PTE_TABLE, %eax
    mov $4, %ecx
2:  mov %eax, (%edi)
    add $4096, %eax
    add $8, %edi
    loop 2b
    movl $PHYS(boot_pd) + PTE_TABLE, PHYS(shim_pdpt) + 510 * 8
    movl $PHYS(boot_pdpt) + PTE_TABLE, PHYS(space_pml4)
    movl $PHYS(boot_pdpt) + PTE_TABLE, PHYS(space_pml4) + 256 * 8
    movl $PHYS(shim_pdpt) + PTE_TABLE, PHYS(space_pml4) + 511 * 8
    mov $PHYS(space_pml4), %eax
    mov %eax, %cr3
    mov $0x20, %eax /* PAE */
    mov %eax, %cr4
    mov $0xc0000080, %ecx /* EFER: SCE, LME, NXE */
    mov $0x901, %eax
    xor %edx, %edx
    wrmsr
    mov $0x80010033, %eax /* PG, WP, NE, ET, MP, PE */
    mov %eax, %cr0
    lgdt PHYS(boot_gdtr)
    ljmp $0x10, $PHYS(3f)
    .code64
3:  movabs $4f, %rax
    jmp *%rax
4:  xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov $0x18, %eax
    mov %eax, %ss
    movabs $shim_stack_top, %rsp
    mov %ebp, %edi
    xor %esi, %esi
    xor %ebp, %ebp
    call ring0_main
    ud2

/* The own monitor's way in (abi/monitor.h): all tables are made. */
    .globl monitor_entry
monitor_entry:
    movabs $shim_stack_top, %rsp
    xor %ebp, %ebp
    call ring0_main
    ud2

    .section .rodata.boot, "a"
    .balign 8
boot_gdt:
    .quad 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
boot_gdtr:
    .word . - boot_gdt - 1
    .long PHYS(boot_gdt)

/* What the shim must know about the ring-3 part: too far for %rip. */
    .globl ring3_layout
    .balign 8
ring3_layout:
    .quad ring3_phys, ring3_text_pages, ring3_rodata_pages, ring3_data_pages
    .quad ring3_entry, ring3_gate_begin, ring3_gate_end, ring3_landing
    .globl shim_layout
shim_layout:
    .quad shim_begin, shim_rodata, shim_data, shim_end, ring3_phys_end

    .section .bss.boot, "aw", @nobits
    .balign 4096
    .globl space_pml4, boot_pdpt, boot_pd, shim_pdpt, shim_pd, shim_pt
space_pml4:
    .skip 4096
boot_pdpt:
    .skip 4096
boot_pd:
    .skip 4 * 4096
shim_pdpt:
    .skip 4096
shim_pd:
    .skip 4096
shim_pt:
    .skip 4096
    .skip 16384
    .globl shim_stack_top
shim_stack_top:
    .skip 4096
    .globl shim_ist_top
shim_ist_top:

    .section .note.GNU-stack, "", @progbits
