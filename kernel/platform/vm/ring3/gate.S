/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry of the ring-3 part, and the one `syscall` that the shim takes for a
 * call to itself (hcall.h).
 */
/* struct abi_vcpu, platform[0], [1], [2] (ops.c) */
#define VCPU_ENTRY 88
#define VCPU_ARG 96
#define VCPU_STACK 104

    .section .text.entry, "ax"
    .globl ring3_entry
ring3_entry:
    call ring3_main
    ud2

/* int64_t vm_call(nr, a, b, c, d) */
    .cfi_sections .debug_frame
    .text
    .globl vm_call, ring3_gate_begin, ring3_gate_end
    .type vm_call, @function
vm_call:
    .cfi_startproc
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
ring3_gate_begin:
    syscall
ring3_gate_end:
    ret
    .cfi_endproc

/* Where `syscall` leads on hypervisors that let it stay in ring 3: from here a
 * trap goes on to the shim (ring0/native.c). */
    .globl ring3_landing
ring3_landing:
    ud2

/* A further CPU begins: rdi = struct abi_vcpu. ops.c left there what is next. */
    .globl ring3_cpu_entry
ring3_cpu_entry:
    wrgsbase %rdi
    mov VCPU_STACK(%rdi), %rsp
    mov VCPU_ENTRY(%rdi), %rax
    mov VCPU_ARG(%rdi), %rdi
    xor %ebp, %ebp
    call *%rax
    ud2

    .section .note.GNU-stack, "", @progbits
