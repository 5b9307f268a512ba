/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All ways into ring 0 after boot. Each builds a struct abi_frame on the
 * shim's stack, has C look at it or change it, and leaves by iretq.
 * Interrupts are off in ring 0 except in cpu_idle().
 */
#include "lib/frame_restore.inc"

#define USER_CS 0x33
#define USER_SS 0x2b
#define MAX_CPUS 16 /* ABI_MAX_VCPU */
#define KERNEL_CS 0x10
#define IST_FATAL 1

    /* For debuggers: where C is called, the frame lies at rsp. */
    .cfi_sections .debug_frame
    .macro FRAME_CFI
    .cfi_signal_frame
    .cfi_def_cfa rsp, 184
    .cfi_offset r15, 0 - 184
    .cfi_offset r14, 8 - 184
    .cfi_offset r13, 16 - 184
    .cfi_offset r12, 24 - 184
    .cfi_offset rbp, 32 - 184
    .cfi_offset rbx, 40 - 184
    .cfi_offset rip, 144 - 184
    .cfi_offset rsp, 168 - 184
    .endm

/* One stub of 16 bytes for each vector; error code 0 where the processor
 * gives none, in the frame's "kind". First in the shim's text (vm.ld). */
    .section .text.stubs, "ax"
    .globl trap_stubs
    .balign 16
trap_stubs:
    .set vector, 0
    .rept 64
    .balign 16
    .if vector == 14
    jmp page_fault
    .endif
    .if vector == 6
    jmp invalid
    .endif
    .if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || \
        vector == 21 || vector == 29 || vector == 30
    .else
    push $0
    .endif
    push $vector
    jmp trap_common
    .set vector, vector + 1
    .endr

/* The interrupt table: gates of 16 bytes, each to its stub (AMD64 manual,
 * volume 2, 4.8.4). Fatal ones have a stack of their own, `int3` and `into`
 * are for ring 3, too. */
    .data
    .balign 16
    .globl idt
idt:
    .set vector, 0
    .rept 64
    .word stubs_low + (. - idt), KERNEL_CS
    .if vector == 2 || vector == 8 || vector == 18
    .byte IST_FATAL
    .else
    .byte 0
    .endif
    .if vector == 3 || vector == 4
    .byte 0xee
    .else
    .byte 0x8e
    .endif
    .word stubs_middle
    .long stubs_high, 0
    .set vector, vector + 1
    .endr

    .text
    .macro PUSH_GENERAL
    push %rdi
    push %rsi
    push %rdx
    push %rcx
    push %rax
    push %r8
    push %r9
    push %r10
    push %r11
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    .endm

/* The most frequent one, without a whole frame if that will do. With several
 * CPUs another gate leads to another function: one alone pays nothing. */
    .macro PAGE_FAULT function
    push %rax
    push %rcx
    push %rdx
    push %rsi
    push %rdi
    push %r8
    push %r9
    push %r10
    push %r11
    mov %cr2, %rdi
    mov 72(%rsp), %esi
    cld
    call \function
    test %al, %al
    pop %r11
    pop %r10
    pop %r9
    pop %r8
    pop %rdi
    pop %rsi
    pop %rdx
    pop %rcx
    pop %rax
    jz 1f
    add $8, %rsp
    iretq
1:  push $14
    .endm

    .globl page_fault_several
page_fault_several:
    PAGE_FAULT smp_fault
    jmp trap_common

page_fault:
    PAGE_FAULT space_fault
    jmp trap_common

/* Where `syscall` stays in ring 3 it ends here (native.c): nearly always a
 * call from the gate. */
invalid:
    push %r8
    movabs $ring3_gate_end, %r8
    cmp %r8, %rcx
    jne 1f
    movabs $ring3_landing, %r8
    cmp %r8, 8(%rsp)
    jne 1f
    add $8, %rsp
    mov %rcx, (%rsp)
    movq $USER_CS, 8(%rsp)
    mov %r11, 16(%rsp)
    movq $USER_SS, 32(%rsp)
    jmp gate_call
1:  pop %r8
    push $0
    push $6

    .type trap_common, @function
trap_common:
    .cfi_startproc
    FRAME_CFI
    cld
    push $0 /* addr */
    PUSH_GENERAL
    mov %rsp, %rdi
    call trap
    jmp leave
    .cfi_endproc

/* The further CPUs' entries, SYSCALL_ENTRY_BYTES each; the first CPU's comes
 * last and needs no jump. */
    .globl syscall_entries, syscall_entry
    .balign 64
syscall_entries:
    .set cpu, 0
    .rept MAX_CPUS
    .balign 64
    mov %rsp, user_rsps + 8 * cpu(%rip)
    mov smp_stacks + 8 * cpu(%rip), %rsp
    push $USER_SS
    push user_rsps + 8 * cpu(%rip)
    jmp syscall_common
    .set cpu, cpu + 1
    .endr

syscall_entry:
    mov %rsp, user_rsps(%rip)
    lea shim_stack_top(%rip), %rsp
    push $USER_SS
    push user_rsps(%rip)
    .type syscall_common, @function
syscall_common:
    .cfi_startproc
    FRAME_CFI
    push %r11
    push $USER_CS
    push %rcx
    movabs $ring3_gate_end, %r11
    cmp %r11, %rcx
    je gate_call
    push $0
    push $0
    push $0
    PUSH_GENERAL
    mov %rsp, %rdi
    call syscall_trap

leave:
    RESTORE_AND_IRET
    .cfi_endproc

/* A call from the gate, which follows the rules of C: what the callee keeps is
 * all that must be kept. What `iretq` needs is on the stack. */
    .type gate_call, @function
gate_call:
    .cfi_startproc
    .cfi_signal_frame
    .cfi_def_cfa rsp, 40
    .cfi_offset rip, -40
    .cfi_offset rsp, -16
    cld
    mov %r10, %rcx
    mov %rax, %r8
    call hcall
    iretq
    .cfi_endproc

/* void ring3_enter(uint64_t rip, uint64_t rsp, uint64_t arg): never returns */
    .globl ring3_enter
ring3_enter:
    push $USER_SS
    push %rsi
    push $0x202
    push $USER_CS
    push %rdi
    mov %rdx, %rdi
    xor %ebp, %ebp
    iretq

    .bss
    .balign 8
user_rsps:
    .skip 8 * MAX_CPUS

    .section .note.GNU-stack, "", @progbits
