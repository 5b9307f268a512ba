/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ways into the kernel and the one way out (abi/platform.h: struct abi_vcpu,
 * struct abi_frame). The kernel runs masked; only the exit window is not.
 *
 * fast_entry    patched system calls jump here: rcx = return address, stack
 *               and FS are the program's. Builds the frame at kstack_top.
 * upcall_entry  the platform's upcalls: rdi = rsp = frame.
 * exit_begin    leaves with the frame that %gs:FRAME names. Everything up to
 *               exit_end may be cut short and begun again by an event.
 *
 * All of it twice: with several CPUs the C functions behind, whose names end
 * in _locked too, take the kernel lock and give it back.
 */
#include "kernel/arch/x86_64/frame.h"
#include "lib/frame_restore.inc"

    /* For debuggers: everywhere here the frame lies at rsp. */
    .cfi_sections .debug_frame
    .macro FRAME_CFI
    .cfi_signal_frame
    .cfi_def_cfa rsp, FRAME_SIZE
    .cfi_offset rip, FRAME_RIP - FRAME_SIZE
    .cfi_offset rsp, FRAME_RSP - FRAME_SIZE
    .cfi_offset rbp, FRAME_RBP - FRAME_SIZE
    .cfi_offset rbx, FRAME_RBX - FRAME_SIZE
    .cfi_offset r12, FRAME_R12 - FRAME_SIZE
    .cfi_offset r13, FRAME_R13 - FRAME_SIZE
    .cfi_offset r14, FRAME_R14 - FRAME_SIZE
    .cfi_offset r15, FRAME_R15 - FRAME_SIZE
    .endm

    /* void arch_exit_to_user(void): the current thread's frame, for the first
     * time. Never returns. */
    .text
    .globl arch_exit_to_user
    .type arch_exit_to_user, @function
arch_exit_to_user:
    jmp *%gs:VCPU_EXIT_BEGIN
    .size arch_exit_to_user, . - arch_exit_to_user

    .macro WAYS_IN_AND_OUT s
    .globl fast_entry\s
    .type fast_entry\s, @function
    .balign 64
fast_entry\s:
    .cfi_startproc
    FRAME_CFI
    movb $1, %gs:VCPU_MASK
    mov %rsp, %gs:VCPU_SCRATCH
    mov %gs:VCPU_KSTACK_TOP, %rsp
    sub $FRAME_SIZE, %rsp
    mov %rcx, FRAME_RIP(%rsp)
    mov %rcx, FRAME_RCX(%rsp)
    mov %gs:VCPU_SCRATCH, %rcx
    mov %rcx, FRAME_RSP(%rsp)
    movq $0x202, FRAME_RFLAGS(%rsp)
    movq $FRAME_KIND_FAST, FRAME_KIND(%rsp)
    mov %rdi, FRAME_RDI(%rsp)
    mov %rsi, FRAME_RSI(%rsp)
    mov %rdx, FRAME_RDX(%rsp)
    mov %rax, FRAME_RAX(%rsp)
    mov %r8, FRAME_R8(%rsp)
    mov %r9, FRAME_R9(%rsp)
    mov %r10, FRAME_R10(%rsp)
    movq $0x202, FRAME_R11(%rsp)
    mov %rbx, FRAME_RBX(%rsp)
    mov %rbp, FRAME_RBP(%rsp)
    mov %r12, FRAME_R12(%rsp)
    mov %r13, FRAME_R13(%rsp)
    mov %r14, FRAME_R14(%rsp)
    mov %r15, FRAME_R15(%rsp)
    mov %rsp, %rdi
    xor %ebp, %ebp
    call syscall_dispatch\s
    mov FRAME_RBP(%rsp), %rbp

    /*
     * C code has preserved rbx, rbp and r12 to r15, and the fast way out
     * relies on it; whoever changes them in a frame, or fills one from
     * elsewhere, sets another kind. An event in here makes the platform jump
     * to exit_begin: nothing is lost, the frame is still whole.
     */
    .globl exit_begin\s
exit_begin\s:
    mov %gs:VCPU_FRAME, %rsp
    movb $0, %gs:VCPU_MASK
    cmpb $0, %gs:VCPU_PENDING
    jne .Lpending\s
    cmpl $FRAME_KIND_FAST, FRAME_KIND(%rsp)
    jne .Lfull\s
    mov FRAME_RAX(%rsp), %rax
    mov FRAME_RDI(%rsp), %rdi
    mov FRAME_RSI(%rsp), %rsi
    mov FRAME_RDX(%rsp), %rdx
    mov FRAME_R8(%rsp), %r8
    mov FRAME_R9(%rsp), %r9
    mov FRAME_R10(%rsp), %r10
    mov FRAME_RIP(%rsp), %rcx
    mov FRAME_RSP(%rsp), %rsp
    jmp *%rcx
.Lfull\s:
    RESTORE_AND_IRET
.Lpending\s:
    movb $1, %gs:VCPU_MASK
    .globl exit_end\s
exit_end\s: /* masked again: up to here an event may not find us unmasked */
    mov %rsp, %rdi
    xor %ebp, %ebp
    call sched_return_to_user\s
    mov FRAME_RBP(%rsp), %rbp
    jmp exit_begin\s
    .cfi_endproc
    .size fast_entry\s, . - fast_entry\s

    .globl upcall_entry\s
    .type upcall_entry\s, @function
    .balign 16
upcall_entry\s:
    .cfi_startproc
    FRAME_CFI
    cmp %gs:VCPU_FRAME, %rdi
    jne .Lnested\s
    xor %ebp, %ebp
    call upcall_from_user\s
    mov FRAME_RBP(%rsp), %rbp
    jmp exit_begin\s
.Lnested\s:
    /* An exception in the kernel: the frame stays where it is, masked. */
    mov FRAME_RBP(%rsp), %rbp
    call upcall_from_kernel
    RESTORE_AND_IRET
    .cfi_endproc
    .size upcall_entry\s, . - upcall_entry\s
    .endm

    WAYS_IN_AND_OUT
    WAYS_IN_AND_OUT _locked

    .section .note.GNU-stack, "", @progbits
