/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ways in: PVH and Multiboot2 (32 bits), Linux's 64-bit protocol, and the
 * own monitor's. All but the last come together at `enter`, which maps the
 * first 4 GiB, enters long mode and calls ring0_main(what the loader handed
 * over, 0, enum loader). Section .boot lies where it was loaded; all else at
 * its address in the upper half.
 */
#define OFFSET 0xffffffff80000000
#define PHYS(sym) ((sym) - OFFSET)

#define PTE_TABLE 0x3 /* present, writable */
#define PTE_LARGE 0x83

/* enum loader (loader.h) */
#define PVH 0
#define MULTIBOOT2 1
#define LINUX 2

#define MULTIBOOT2_MAGIC 0xe85250d6
#define BOOT_CODE32 0x20
#define SMP_TRAMPOLINE 0x8000

#define PROT_READ 1 /* ABI_PROT_* */
#define PROT_WRITE 2
#define PROT_EXEC 4
#define VM_HANDOVER 0x7e8000100000 /* hcall.h */
#define VM_BOOT_STACK 0x7e8000120000

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18 /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long pvh_entry

    .section .note.pvh, "a", @note
    .balign 4
    .long 8, 128, 1 /* struct monitor_note */
    .asciz "Einkorn"
    .quad monitor_entry
    .quad PHYS(space_pml4), PHYS(boot_pdpt), PHYS(boot_pd)
    .quad PHYS(shim_pdpt), PHYS(shim_pd), PHYS(shim_pt)
    .quad shim_begin, shim_rodata, shim_data, shim_end
    .quad trap_stubs, PHYS(space_top_shadow), PHYS(space_shadows)
    .quad cpu_entry, PHYS(boot_maps)

    .section .boot, "ax"
/* Multiboot2 Specification 2.0, 3.1: entry, modules on page boundaries. */
    .balign 8
multiboot_header:
    .long MULTIBOOT2_MAGIC, 0, multiboot_end - multiboot_header
    .long -(MULTIBOOT2_MAGIC + (multiboot_end - multiboot_header))
    .word 3, 0
    .long 12, multiboot_entry
    .balign 8
    .word 6, 0
    .long 8
    .word 0, 0
    .long 8
multiboot_end:

/* Linux, Documentation/arch/x86/boot.rst, "64-bit Boot Protocol": rsi = boot
 * parameters, below 4 GiB. Back to 32 bits, to begin like the others. */
    .code64
    .globl linux_entry
linux_entry:
    cli
    mov %esi, %ebx
    mov $PHYS(shim_stack_top), %esp
    lgdt boot_gdtr
    push $BOOT_CODE32
    push $1f
    lretq
    .code32
1:  mov $0x18, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %cr0, %eax
    and $0x7fffffff, %eax /* PG */
    mov %eax, %cr0
    mov $LINUX, %esi
    jmp enter

multiboot_entry:
    mov $MULTIBOOT2, %esi
    jmp enter

    .globl pvh_entry
pvh_entry:
    mov $PVH, %esi
enter:
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
    lgdt boot_gdtr
    ljmp $0x10, $3f
    .code64
3:  movabs $upper_half, %rax
    jmp *%rax

    .balign 8
boot_gdt:
    .quad 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
boot_gdtr:
    .word . - boot_gdt - 1
    .quad boot_gdt

    .section .text.boot, "ax"
upper_half:
    xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov $0x18, %eax
    mov %eax, %ss
    movabs $shim_stack_top, %rsp
    mov %ebp, %edi
    mov %esi, %edx
    xor %esi, %esi
    xor %ebp, %ebp
    call ring0_main
    ud2

/* The own monitor's way in (abi/monitor.h): all tables are made. */
    .globl monitor_entry
monitor_entry:
    movabs $shim_stack_top, %rsp
    xor %edx, %edx /* PVH */
    xor %ebp, %ebp
    call ring0_main
    ud2

/* Every further CPU, one at a time: from the trampoline, or from the own
 * monitor, with the same tables. */
    .globl cpu_entry
cpu_entry:
    mov $PHYS(space_pml4), %eax
    mov %rax, %cr3
    mov smp_stack(%rip), %rsp
    xor %ebp, %ebp
    call smp_join
    ud2

    .section .rodata.boot, "a"
/* Where INIT and SIPI lead: copied to SMP_TRAMPOLINE (smp.c), beside tables
 * that also map it where it lies. From 16 bits into long mode in one step. */
    .balign 8
    .globl smp_trampoline, smp_trampoline_end
smp_trampoline:
    .code16
    cli
    xor %eax, %eax
    mov %ax, %ds
    lgdtl SMP_TRAMPOLINE + (trampoline_gdtr - smp_trampoline)
    mov $0x20, %eax /* PAE */
    mov %eax, %cr4
    mov $SMP_TRAMPOLINE + 0x1000, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx /* EFER: SCE, LME, NXE */
    mov $0x901, %eax
    xor %edx, %edx
    wrmsr
    mov $0x80010033, %eax /* PG, WP, NE, ET, MP, PE */
    mov %eax, %cr0
    ljmpl $0x10, $SMP_TRAMPOLINE + (1f - smp_trampoline)
    .code64
1:  xor %eax, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    mov $0x18, %eax
    mov %eax, %ss
    movabs $cpu_entry, %rax
    jmp *%rax
    .balign 8
trampoline_gdt:
    .quad 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
trampoline_gdtr:
    .word . - trampoline_gdt - 1
    .long SMP_TRAMPOLINE + (trampoline_gdt - smp_trampoline)
smp_trampoline_end:

    .balign 8
/* What the shim must know about the ring-3 part: too far for %rip. */
    .globl ring3_layout
    .balign 8
ring3_layout:
    .quad ring3_entry, ring3_landing, ring3_cpu_entry
/* struct monitor_map: what the ring-3 part begins with (hcall.h). */
    .globl boot_maps
boot_maps:
    .quad ring3_text, ring3_phys, ring3_text_bytes, PROT_READ | PROT_EXEC
    .quad ring3_rodata, ring3_rodata_phys, ring3_rodata_bytes, PROT_READ
    .quad ring3_data, ring3_data_phys, ring3_data_bytes, PROT_READ | PROT_WRITE
    .quad VM_HANDOVER, PHYS(handover_page), 4096, PROT_READ
    .quad VM_BOOT_STACK, 0, 0x10000, PROT_READ | PROT_WRITE
    .quad 0, 0, 0, 0
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
/* The first CPU's struct shim_cpu and stacks (percpu.h). */
    .balign 16384
    .globl shim_cpu0
shim_cpu0:
    .skip 16384
    .globl shim_stack_top
shim_stack_top:

    .section .note.GNU-stack, "", @progbits
