/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of syscall sites in hand-made code, and what is refused. */
/* sources: host/patch/patch.c host/patch/code.c host/patch/decode.c */
/* sources: host/patch/starts.c host/patch/fdes.c host/patch/pointers.c */
/* sources: host/patch/survey.c host/patch/site.c host/patch/go.c */
/* sources: host/patch/tramp.c host/patch/insn.c host/patch/elf_view.c */
/* sources: host/common/xalloc.c lib/elf.c */
/* libs: -lZydis */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/patch_fixture.h"

static const uint8_t jump_gs[] = {0x65, 0xff, 0x24, 0x25, 16, 0, 0, 0};

static uint64_t rel32(const uint8_t *p, uint64_t next)
{
    int32_t v;

    memcpy(&v, p, sizeof(v));
    return next + (uint64_t)(int64_t)v;
}

static const uint8_t *text(const struct fixture *f)
{
    return f->elf.segs[0].text;
}

static const uint8_t *tramp(const struct fixture *f)
{
    return f->elf.segs[0].tramp;
}

static uint64_t tramp_vaddr(const struct fixture *f)
{
    return TEXT + (uint64_t)f->elf.segs[0].abi.tramp_delta;
}

#define PATCH(f, ...)                                                          \
    struct fixture f;                                                          \
    do {                                                                       \
        static const uint8_t code[] = {__VA_ARGS__};                           \
        fixture_make(&f, code, sizeof(code));                                  \
        fixture_patch(&f);                                                     \
    } while (0)

static void expect_refused(const struct fixture *f, enum patch_verdict verdict)
{
    assert_int_equal(f->elf.nr_segs, 0);
    assert_int_equal(f->stats.sites, 1);
    assert_int_equal(f->stats.by_verdict[verdict], 1);
}

/* The jump at text offset `at` goes to the first trampoline. */
static void expect_jump(const struct fixture *f, uint64_t at)
{
    assert_int_equal(f->elf.nr_segs, 1);
    assert_int_equal(text(f)[at], 0xe9);
    assert_int_equal(rel32(text(f) + at + 1, TEXT + at + 5), tramp_vaddr(f));
}

/* At p: lea back(%rip),%rcx; jmp *%gs:16. */
static void expect_call(const struct fixture *f, size_t at, uint64_t back)
{
    const uint8_t *p = tramp(f) + at;

    assert_memory_equal(p, "\x48\x8d\x0d", 3);
    assert_int_equal(rel32(p + 3, tramp_vaddr(f) + at + 7), back);
    assert_memory_equal(p + 7, jump_gs, sizeof(jump_gs));
}

static void test_patch_mov_syscall(void **state)
{
    PATCH(f, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3);

    (void)state;
    expect_jump(&f, 0);
    assert_memory_equal(text(&f) + 5, "\x0f\x05\xc3", 3);
    assert_memory_equal(tramp(&f), "\xb8\x27\0\0\0", 5);
    expect_call(&f, 5, TEXT + 7);
    assert_int_equal(f.elf.segs[0].sites[0].syscall_off, 5);
    assert_int_equal(f.elf.segs[0].sites[0].return_off, UINT32_MAX);
    assert_int_equal(f.elf.segs[0].abi.nr_maps, 2);
    assert_int_equal(f.elf.segs[0].maps[1].tramp_off, 5);
    assert_int_equal(f.elf.segs[0].maps[1].text_off, 5);
    assert_int_equal(f.elf.span_bytes, DATA + 0x1000 - TEXT + 0x1000);
    fixture_free(&f);
}

static void test_patch_moves_what_stands_behind(void **state)
{
    /* xor %eax,%eax; syscall; cmp $-4096,%rax; ret */
    PATCH(f, 0x31, 0xc0, 0x0f, 0x05, 0x48, 0x3d, 0, 0xf0, 0xff, 0xff, 0xc3);
    uint64_t back = tramp_vaddr(&f) + 2 + 15;

    (void)state;
    expect_jump(&f, 0);
    assert_memory_equal(tramp(&f), "\x31\xc0", 2);
    expect_call(&f, 2, back);
    assert_int_equal(f.elf.segs[0].sites[0].return_off, 17);
    assert_memory_equal(tramp(&f) + 17, "\x48\x3d\0\xf0\xff\xff", 6);
    assert_int_equal(tramp(&f)[23], 0xe9);
    assert_int_equal(rel32(tramp(&f) + 24, tramp_vaddr(&f) + 28), TEXT + 10);
    assert_int_equal(f.elf.segs[0].abi.nr_maps, 4);
    assert_int_equal(f.elf.segs[0].maps[3].text_off, 10);
    fixture_free(&f);
}

static void test_patch_takes_several_before(void **state)
{
    /* mov %edi,%edi; mov %r8d,%eax; syscall; jmp . */
    PATCH(f, 0x89, 0xff, 0x44, 0x89, 0xc0, 0x0f, 0x05, 0xeb, 0xfe);

    (void)state;
    expect_jump(&f, 0);
    assert_memory_equal(tramp(&f), "\x89\xff\x44\x89\xc0", 5);
    expect_call(&f, 5, TEXT + 7);
    fixture_free(&f);
}

static void test_patch_begins_where_callers_enter(void **state)
{
    /* call 8f; ret; nop; nop; 8: xor %eax,%eax; syscall; cmp $0,%eax; ret:
     * a jump over the nops would not be on the caller's way. */
    PATCH(f, 0xe8, 3, 0, 0, 0, 0xc3, 0x90, 0x90, 0x31, 0xc0, 0x0f, 0x05, 0x83,
          0xf8, 0x00, 0xc3);

    (void)state;
    expect_jump(&f, 8);
    fixture_free(&f);
}

static void test_patch_does_not_take_r8_for_eax(void **state)
{
    /* mov $39,%r8d; syscall */
    PATCH(f, 0x41, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3);

    (void)state;
    expect_jump(&f, 0);
    assert_int_equal(text(&f)[5], 0); /* behind the jump nothing changes */
    assert_memory_equal(tramp(&f), "\x41\xb8\x27\0\0\0", 6);
    fixture_free(&f);
}

static void test_patch_fixes_rip_relative_operands(void **state)
{
    /* lea 0x100(%rip),%rdi; syscall; ret */
    PATCH(f, 0x48, 0x8d, 0x3d, 0, 1, 0, 0, 0x0f, 0x05, 0xc3);

    (void)state;
    expect_jump(&f, 0);
    assert_memory_equal(tramp(&f), "\x48\x8d\x3d", 3);
    assert_int_equal(rel32(tramp(&f) + 3, tramp_vaddr(&f) + 7),
                     TEXT + 7 + 0x100);
    fixture_free(&f);
}

static void test_patch_refuses_branch_into_range(void **state)
{
    /* xor %edi,%edi; 2: nop; nop; nop; syscall; jne 2b; ret */
    PATCH(f, 0x31, 0xff, 0x90, 0x90, 0x90, 0x0f, 0x05, 0x75, 0xf9, 0xc3);

    (void)state;
    /* The jump may begin at the target itself and cover the syscall. */
    expect_jump(&f, 2);
    fixture_free(&f);

    /* mov $39,%eax; syscall with a branch to the second nop before it. */
    PATCH(g, 0x90, 0x90, 0x90, 0x0f, 0x05, 0x75, 0xfa, 0xc3);
    expect_refused(&g, PATCH_BRANCH);
    fixture_free(&g);
}

static void test_patch_allows_branch_to_first_byte_and_to_syscall(void **state)
{
    /* 0: mov $39,%eax; 5: syscall; jne 0b; jne 5b; ret */
    PATCH(f, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0x75, 0xf7, 0x75, 0xfa, 0xc3);

    (void)state;
    expect_jump(&f, 0);
    fixture_free(&f);
}

static void test_patch_refuses_too_short(void **state)
{
    /* call 1f; syscall; 1: ret */
    PATCH(f, 0xe8, 2, 0, 0, 0, 0x0f, 0x05, 0xc3);

    (void)state;
    expect_refused(&f, PATCH_SHORT);
    fixture_free(&f);
}

static void test_patch_moves_nothing_that_uses_rcx_behind(void **state)
{
    /* xor %eax,%eax; syscall; mov %rcx,%rax; ret */
    PATCH(f, 0x31, 0xc0, 0x0f, 0x05, 0x48, 0x89, 0xc8, 0xc3);

    (void)state;
    expect_refused(&f, PATCH_SHORT);
    fixture_free(&f);
}

static void test_patch_leaves_sigreturn(void **state)
{
    PATCH(f, 0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05);

    (void)state;
    expect_refused(&f, PATCH_SIGRETURN);
    fixture_free(&f);
}

static void test_patch_ignores_pairs_that_are_no_instruction(void **state)
{
    /* mov $0x50f,%eax; ret */
    PATCH(f, 0xb8, 0x0f, 0x05, 0, 0, 0xc3);

    (void)state;
    assert_int_equal(f.stats.sites, 0);
    assert_int_equal(f.elf.nr_segs, 0);
    fixture_free(&f);
}

static void test_patch_leaves_what_is_not_reached(void **state)
{
    /* ret; then bytes that nothing leads to */
    PATCH(f, 0xc3, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xff, 0xff);

    (void)state;
    expect_refused(&f, PATCH_UNCERTAIN);
    fixture_free(&f);
}

static void test_patch_keeps_neighbours_apart(void **state)
{
    /* xor %eax,%eax; syscall; mov %edi,%edi; syscall; ret: the first takes
     * what stands between, so that the second has too little. */
    PATCH(f, 0x31, 0xc0, 0x0f, 0x05, 0x89, 0xff, 0x0f, 0x05, 0xc3);

    (void)state;
    assert_int_equal(f.stats.sites, 2);
    assert_int_equal(f.stats.by_verdict[PATCH_DONE], 1);
    assert_int_equal(f.stats.by_verdict[PATCH_SHORT], 1);
    assert_memory_equal(text(&f) + 6, "\x0f\x05\xc3", 3);
    fixture_free(&f);
}

static void test_patch_respects_jump_tables(void **state)
{
    /* lea DATA(%rip),%rdx; jmp *%rax; 9: nop; a: nop; nop; nop; syscall; ret,
     * with a table of one offset to `a` and one to 9. */
    static const uint8_t code[] = {0x48, 0x8d, 0x15, 0xf9, 0x0f, 0,
                                   0,    0xff, 0xe0, 0x90, 0x90, 0x90,
                                   0x90, 0x0f, 0x05, 0xc3};
    const int32_t table[3] = {TEXT + 9 - DATA, TEXT + 10 - DATA, 0};
    struct fixture f;

    (void)state;
    fixture_make(&f, code, sizeof(code));
    memcpy(f.file + DATA, table, sizeof(table));
    fixture_patch(&f);
    /* A jump at 9 would be entered in its middle. */
    expect_jump(&f, 10);
    fixture_free(&f);
}

static void test_patch_respects_pointers_in_data(void **state)
{
    static const uint8_t code[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
    const uint64_t pointer = TEXT + 3;
    struct fixture f;

    (void)state;
    fixture_make(&f, code, sizeof(code));
    memcpy(f.file + DATA + 64, &pointer, sizeof(pointer));
    fixture_patch(&f);
    expect_refused(&f, PATCH_BRANCH);
    fixture_free(&f);
}

/* Only files with a syscall are worth it; this one stands behind. */
#define SOME_SYSCALL 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3

static void test_patch_looks_cpuid_up(void **state)
{
    /* mov $1,%eax; cpuid; test %eax,%eax; je +0 */
    PATCH(f, 0xb8, 1, 0, 0, 0, 0x0f, 0xa2, 0x85, 0xc0, 0x74, 0, SOME_SYSCALL);
    const uint8_t *back = tramp(&f) + 5 + 49;

    (void)state;
    expect_jump(&f, 0);
    assert_int_equal(f.stats.cpuid_patched, 1);
    assert_memory_equal(text(&f) + 5, "\x0f\xa2", 2);
    assert_memory_equal(tramp(&f), "\xb8\x01\0\0\0", 5);
    assert_memory_equal(tramp(&f) + 5, "\x65\x48\x8b\x1c\x25\x78", 6);
    assert_int_equal(back[0], 0xe9);
    assert_int_equal(rel32(back + 1, tramp_vaddr(&f) + 59), TEXT + 7);
    fixture_free(&f);
}

static void test_patch_keeps_flags_over_cpuid(void **state)
{
    /* mov $1,%eax; cpuid; je +0: the look-up would change the flags. */
    PATCH(f, 0xb8, 1, 0, 0, 0, 0x0f, 0xa2, 0x74, 0, SOME_SYSCALL);

    (void)state;
    assert_int_equal(f.stats.cpuid_sites, 1);
    assert_int_equal(f.stats.cpuid_patched, 0);
    assert_memory_equal(text(&f), "\xb8\x01\0\0\0", 5);
    fixture_free(&f);
}

static void test_patch_survives_damaged_files(void **state)
{
    static const uint8_t code[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3};
    uint32_t seed = 1;

    (void)state;
    for (int i = 0; i < 3000; i++) {
        struct fixture f;

        fixture_make(&f, code, sizeof(code));
        for (int k = 0; k < 4; k++) {
            seed = seed * 1664525 + 1013904223;
            f.file[(seed >> 8) % 180] = (uint8_t)seed;
        }
        fixture_patch(&f);
        fixture_free(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patch_mov_syscall),
        cmocka_unit_test(test_patch_moves_what_stands_behind),
        cmocka_unit_test(test_patch_takes_several_before),
        cmocka_unit_test(test_patch_begins_where_callers_enter),
        cmocka_unit_test(test_patch_does_not_take_r8_for_eax),
        cmocka_unit_test(test_patch_fixes_rip_relative_operands),
        cmocka_unit_test(test_patch_refuses_branch_into_range),
        cmocka_unit_test(test_patch_allows_branch_to_first_byte_and_to_syscall),
        cmocka_unit_test(test_patch_refuses_too_short),
        cmocka_unit_test(test_patch_moves_nothing_that_uses_rcx_behind),
        cmocka_unit_test(test_patch_leaves_sigreturn),
        cmocka_unit_test(test_patch_ignores_pairs_that_are_no_instruction),
        cmocka_unit_test(test_patch_leaves_what_is_not_reached),
        cmocka_unit_test(test_patch_keeps_neighbours_apart),
        cmocka_unit_test(test_patch_respects_jump_tables),
        cmocka_unit_test(test_patch_respects_pointers_in_data),
        cmocka_unit_test(test_patch_looks_cpuid_up),
        cmocka_unit_test(test_patch_keeps_flags_over_cpuid),
        cmocka_unit_test(test_patch_survives_damaged_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
