/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Touching program memory. Each instruction that may fault has an entry in
 * the fix-up table: two 32-bit offsets, from their own places, to the
 * instruction and to where execution goes on instead.
 */
    .macro fixup insn, target
    .pushsection .fixup, "a"
    .balign 4
    .long \insn - .
    .long \target - .
    .popsection
    .endm

    .set EFAULT, 14
    .set REP_MIN, 256

    .text
    /* int arch_copy_user(void *dst, const void *src, size_t len) */
    .globl arch_copy_user
    .type arch_copy_user, @function
    .balign 16
arch_copy_user:
    cmp $REP_MIN, %rdx
    jae 6f
    mov %edx, %ecx
    shr $3, %ecx
    jz 3f
1:  mov (%rsi), %rax
2:  mov %rax, (%rdi)
    add $8, %rsi
    add $8, %rdi
    dec %ecx
    jnz 1b
3:  and $7, %edx
    jz 8f
4:  movb (%rsi), %al
5:  movb %al, (%rdi)
    inc %rsi
    inc %rdi
    dec %edx
    jnz 4b
    jmp 8f
6:  mov %rdx, %rcx
7:  rep movsb
8:  xor %eax, %eax
    ret
    fixup 1b, fault
    fixup 2b, fault
    fixup 4b, fault
    fixup 5b, fault
    fixup 7b, fault
    .size arch_copy_user, . - arch_copy_user

    .type fault, @function
fault:
    mov $-EFAULT, %eax
    ret
    .size fault, . - fault

    /* int arch_clear_user(void *dst, size_t len) */
    .globl arch_clear_user
    .type arch_clear_user, @function
arch_clear_user:
    mov %rsi, %rcx
    xor %eax, %eax
1:  rep stosb
    ret
    fixup 1b, fault
    .size arch_clear_user, . - arch_clear_user

    /* int64_t arch_strncpy_user(char *dst, const char *src, size_t size):
     * length without NUL, size when there was none, or -EFAULT */
    .globl arch_strncpy_user
    .type arch_strncpy_user, @function
arch_strncpy_user:
    xor %eax, %eax
1:  cmp %rdx, %rax
    jae 3f
2:  movzbl (%rsi,%rax), %ecx
    movb %cl, (%rdi,%rax)
    test %ecx, %ecx
    jz 3f
    inc %rax
    jmp 1b
3:  ret
4:  mov $-EFAULT, %rax
    ret
    fixup 2b, 4b
    .size arch_strncpy_user, . - arch_strncpy_user

    /* int arch_get_user_u32(const uint32_t *addr, uint32_t *value) */
    .globl arch_get_user_u32
    .type arch_get_user_u32, @function
arch_get_user_u32:
1:  mov (%rdi), %eax
    mov %eax, (%rsi)
    xor %eax, %eax
    ret
    fixup 1b, fault
    .size arch_get_user_u32, . - arch_get_user_u32

    /* int arch_cmpxchg_user_u32(uint32_t *addr, uint32_t *old, uint32_t new) */
    .globl arch_cmpxchg_user_u32
    .type arch_cmpxchg_user_u32, @function
arch_cmpxchg_user_u32:
    mov (%rsi), %eax
1:  lock cmpxchg %edx, (%rdi)
    mov %eax, (%rsi)
    xor %eax, %eax
    ret
    fixup 1b, fault
    .size arch_cmpxchg_user_u32, . - arch_cmpxchg_user_u32

    .section .note.GNU-stack, "", @progbits
