/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The conformance kernel's assembly: entry, upcalls, the way into
 * "application" context and back, probes of memory that may fault, and the
 * application's code itself, which is at the same time the test image.
 */
/* abi/platform.h: struct abi_vcpu and struct abi_frame */
#define ABI_VCPU_MASK 0
#define ABI_VCPU_PENDING 1
#define ABI_VCPU_FRAME 40
#define FRAME_RIP 144 /* rip, cs, rflags, rsp, ss for iretq */

    .section .text.entry, "ax", @progbits
    .globl kernel_start
kernel_start:
    xorl %ebp, %ebp
    call test_main
    ud2

    .text
/* Load the registers of the frame at rsp and continue there. */
    .macro RESUME
    movq 0(%rsp), %r15
    movq 8(%rsp), %r14
    movq 16(%rsp), %r13
    movq 24(%rsp), %r12
    movq 32(%rsp), %rbp
    movq 40(%rsp), %rbx
    movq 48(%rsp), %r11
    movq 56(%rsp), %r10
    movq 64(%rsp), %r9
    movq 72(%rsp), %r8
    movq 80(%rsp), %rax
    movq 88(%rsp), %rcx
    movq 96(%rsp), %rdx
    movq 104(%rsp), %rsi
    movq 112(%rsp), %rdi
    addq $FRAME_RIP, %rsp
    iretq
    .endm

/* rdi = rsp = frame, 16-byte aligned. */
    .globl upcall_entry
upcall_entry:
    movq %rdi, %rbx
    xorl %ebp, %ebp
    call on_upcall
    testl %eax, %eax /* 1: back to application context */
    movq %rbx, %rsp
    jnz leave_to_app
    RESUME

leave_to_app:
    movq %rsp, %gs:ABI_VCPU_FRAME
    .globl exit_begin, exit_end
exit_begin:
    movq %gs:ABI_VCPU_FRAME, %rsp
    movb $0, %gs:ABI_VCPU_MASK
    cmpb $0, %gs:ABI_VCPU_PENDING
    jne 1f
    RESUME
exit_end:
1:  movb $1, %gs:ABI_VCPU_MASK
    call on_pending
    jmp exit_begin

/* void app_enter(struct abi_frame *frame): returns when app_leave() is called.
 * Keeps its own context in saved_rsp and on its stack. */
    .globl app_enter
app_enter:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, saved_rsp(%rip)
    movq %rdi, %rsp
    jmp leave_to_app
    .globl app_leave
app_leave:
    movq saved_rsp(%rip), %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

/* int probe_read(addr), probe_write(addr), probe_exec(addr): 0, or 1 if it
 * faulted: on_upcall() continues at probe_failed. */
    .globl probe_begin, probe_end, probe_failed
    .globl probe_read, probe_write, probe_exec
probe_begin:
probe_read:
    movb (%rdi), %al
    xorl %eax, %eax
    ret
probe_write:
    movb $0x5a, (%rdi)
    xorl %eax, %eax
    ret
probe_end:
probe_exec:
    call *%rdi
    xorl %eax, %eax
    ret
probe_failed:
    movl $1, %eax
    ret

/* A leave window of its own: spins unmasked until an event restarts it.
 * Returns how often it began. */
    .globl window_spin, window_begin, window_end
window_spin:
    xorl %eax, %eax
window_begin:
    incl %eax
    movb $0, %gs:ABI_VCPU_MASK
    cmpb $0, %gs:ABI_VCPU_PENDING
    jne 1f
    nop
0:  pause
    jmp 0b
window_end:
1:  movb $1, %gs:ABI_VCPU_MASK
    ret

    .bss
    .balign 8
saved_rsp:
    .skip 8

/* ---- the application; entry points by offset, syscall 1000 ends it ------ */
    .section .app, "a", @progbits
    .globl app_base
    .balign 4096
app_base:
.Lbase: /* local: the image is taken from the unlinked object */
    .macro APP name
    .globl app_\name
app_\name:
    .endm
    .macro END_APP
    movl $1000, %eax
    syscall
    ud2
    .endm

/* Every register and the red zone must survive system call 1001, which
 * answers rdi + 1 in rax. rdi = 0 at the end if all is well. */
    APP registers
    movq %rsp, %rbx
    movabsq $0x1122334455667788, %rax
    movq %rax, -8(%rsp)
    movq %rax, -128(%rsp)
    movq %rax, %xmm0
    movq %rax, %xmm15
    movl $41, %edi
    movl $2, %esi
    movl $3, %edx
    movl $4, %r10d
    movl $5, %r8d
    movl $6, %r9d
    movl $7, %r12d
    movl $8, %r13d
    movl $9, %r14d
    movl $10, %r15d
    movl $11, %ebp
    std
    movl $1001, %eax
    syscall
    pushfq
    popq %rcx
    cld
    movl $1, %r11d
    cmpq $42, %rax
    jne 1f
    movl $2, %r11d
    testl $0x400, %ecx /* DF was kept */
    jz 1f
    movl $3, %r11d
    cmpq $2, %rsi
    jne 1f
    cmpq $3, %rdx
    jne 1f
    cmpq $4, %r10
    jne 1f
    cmpq $5, %r8
    jne 1f
    cmpq $6, %r9
    jne 1f
    movl $4, %r11d
    cmpq $7, %r12
    jne 1f
    cmpq $8, %r13
    jne 1f
    cmpq $9, %r14
    jne 1f
    cmpq $10, %r15
    jne 1f
    cmpq $11, %rbp
    jne 1f
    cmpq %rbx, %rsp
    jne 1f
    movl $5, %r11d
    movabsq $0x1122334455667788, %rdx
    cmpq -128(%rsp), %rdx
    jne 1f
    movl $6, %r11d
    movq %xmm0, %rax
    cmpq %rax, %rdx
    jne 1f
    movq %xmm15, %rax
    cmpq %rax, %rdx
    jne 1f
    movl $7, %r11d
    rdfsbase %rax
    cmpq %r13, %r13
    xorl %r11d, %r11d
1:  movl %r11d, %edi
    END_APP

/* Exceptions: on_upcall() records them and continues at rbx. */
    .macro FAULT name:req, insn:req
    APP \name
    leaq 9f(%rip), %rbx
    \insn
9:  END_APP
    .endm
    FAULT null_read, "movq 0x14, %rax"
    FAULT write_text, "movq %rax, .Lbase(%rip)"
    FAULT divide, "xorl %ecx, %ecx; divl %ecx"
    FAULT undefined, "ud2"
    FAULT breakpoint, "int3"
    FAULT privileged, "hlt"
    FAULT int80, "int $0x80"
    FAULT noncanonical, "movabsq $0x8000000000000000, %rax; movq (%rax), %rax"
    FAULT jump_data, "jmp *%rdi"
    FAULT single_step, "pushfq; orl $0x100, (%rsp); popfq; nop"

/* Spins until on_upcall() sets the word at rdi. */
    APP spin
    movdqu .Lbase(%rip), %xmm7
1:  pause
    cmpl $0, (%rdi)
    je 1b
    movdqu .Lbase(%rip), %xmm6
    pcmpeqb %xmm7, %xmm6
    pmovmskb %xmm6, %edi
    xorl $0xffff, %edi
    END_APP

/* Calls 1001 rdi times as fast as it can. */
    APP many
    movq %rdi, %rbx
1:  movl $1001, %eax
    syscall
    decq %rbx
    jnz 1b
    xorl %edi, %edi
    END_APP
    .balign 4096, 0xcc
    .fill 4096, 1, 0x11
    .fill 4096, 1, 0x22
    .fill 4096, 1, 0x33

    .section .note.GNU-stack, "", @progbits
