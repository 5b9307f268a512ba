/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A loader that follows Linux's 64-bit boot protocol, as Firecracker does:
 * QEMU starts it by PVH and puts the kernel to start, and its entry's address
 * (at TARGET), into memory beside it. Makes boot parameters from the PVH
 * information, enters long mode and jumps with rsi = parameters.
 */
#define TARGET 0x2000000

#define START_INFO_MODULES 16
#define START_INFO_CMDLINE 24
#define START_INFO_RSDP 32
#define START_INFO_MAP 40
#define START_INFO_NR_MAP 48

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long pvh_entry

    .text
    .code32
    .globl pvh_entry
pvh_entry:
    cld
    mov START_INFO_MODULES(%ebx), %esi
    mov (%esi), %eax
    mov %eax, params + 0x218
    mov 8(%esi), %eax
    mov %eax, params + 0x21c
    mov START_INFO_CMDLINE(%ebx), %eax
    mov %eax, params + 0x228
    mov START_INFO_RSDP(%ebx), %eax
    mov %eax, params + 0x070
    movl $0x53726448, params + 0x202 /* HdrS */
    /* Memory map: entries of 24 bytes become entries of 20. */
    mov START_INFO_MAP(%ebx), %esi
    mov START_INFO_NR_MAP(%ebx), %edx
    mov %dl, params + 0x1e8
    mov $params + 0x2d0, %edi
1:  mov $5, %ecx
    rep movsl
    add $4, %esi
    dec %edx
    jnz 1b
    /* The first 4 GiB where they are, in pages of 2 MiB. */
    mov $pd, %edi
    mov $0x83, %eax
    mov $2048, %ecx
2:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 2b
    mov $pdpt, %edi
    mov $pd + 3, %eax
    mov $4, %ecx
3:  mov %eax, (%edi)
    add $4096, %eax
    add $8, %edi
    loop 3b
    movl $pdpt + 3, pml4
    mov $pml4, %eax
    mov %eax, %cr3
    mov $0x20, %eax
    mov %eax, %cr4
    mov $0xc0000080, %ecx
    mov $0x100, %eax
    xor %edx, %edx
    wrmsr
    mov $0x80000011, %eax
    mov %eax, %cr0
    lgdt gdtr
    ljmp $0x10, $4f
    .code64
4:  mov $0x18, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $params, %esi
    jmp *TARGET

    .balign 8
gdt:
    .quad 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdtr:
    .word . - gdt - 1
    .long gdt

    .bss
    .balign 4096
params:
    .skip 4096
pml4:
    .skip 4096
pdpt:
    .skip 4096
pd:
    .skip 4 * 4096

    .section .note.GNU-stack, "", @progbits
