/* SPDX-License-Identifier: BSD-2-Clause */
/* Validation of ELF headers and segments. */
/* sources: lib/elf.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/elf.h"

struct image {
    struct elf64_ehdr eh;
    struct elf64_phdr ph[2];
};

static struct image valid(void)
{
    struct image im = {
        .eh = {.e_ident = {0x7f, 'E', 'L', 'F', 2, 1, 1},
               .e_type = ELF_ET_EXEC,
               .e_machine = ELF_EM_X86_64,
               .e_phoff = sizeof(struct elf64_ehdr),
               .e_phentsize = sizeof(struct elf64_phdr),
               .e_phnum = 2},
        .ph = {{.p_type = ELF_PT_LOAD,
                .p_vaddr = 0x400000,
                .p_filesz = 100,
                .p_memsz = 100},
               {.p_type = ELF_PT_LOAD,
                .p_vaddr = 0x402040,
                .p_offset = 0x40,
                .p_filesz = 16,
                .p_memsz = 0x3000}},
    };

    return im;
}

static enum elf_reason header(const struct image *im)
{
    return elf_check_header(im, sizeof(*im));
}

static void test_elf_check_header_tells_reasons(void **state)
{
    struct image im = valid();

    (void)state;
    assert_int_equal(header(&im), ELF_OK);
    assert_int_equal(elf_check_header("#!/bin/sh\n", 10), ELF_SCRIPT);
    assert_int_equal(elf_check_header("", 0), ELF_NOT_ELF);
    assert_int_equal(elf_check_header("hello, world", 12), ELF_NOT_ELF);
    assert_int_equal(elf_check_header(&im, 19), ELF_TRUNCATED);
    assert_int_equal(elf_check_header(&im, 63), ELF_TRUNCATED);
    assert_int_equal(elf_check_header(&im, 100), ELF_TRUNCATED);
    im.eh.e_machine = 183;
    assert_int_equal(header(&im), ELF_FOREIGN);
    im.eh.e_machine = ELF_EM_386;
    im.eh.e_ident[4] = 1;
    assert_int_equal(header(&im), ELF_32_BIT);
    im.eh.e_ident[5] = 2;
    assert_int_equal(header(&im), ELF_BIG_ENDIAN);
}

static void test_elf_check_header_wants_program_headers(void **state)
{
    struct image im = valid();

    (void)state;
    im.eh.e_type = 1;
    assert_int_equal(header(&im), ELF_NOT_PROGRAM);
    im = valid();
    im.eh.e_phnum = 0;
    assert_int_equal(header(&im), ELF_BAD_PHDRS);
    im = valid();
    im.eh.e_phoff = UINT64_MAX - 3;
    assert_int_equal(header(&im), ELF_TRUNCATED);
}

static enum elf_reason loads(const struct image *im, struct elf_span *span)
{
    return elf_check_loads(im->ph, 2, sizeof(*im), span);
}

static void test_elf_check_loads_gives_span(void **state)
{
    struct image im = valid();
    struct elf_span span = {0};

    (void)state;
    assert_int_equal(loads(&im, &span), ELF_OK);
    assert_int_equal(span.lo, 0x400000);
    assert_int_equal(span.hi, 0x406000);
}

static void test_elf_check_loads_refuses(void **state)
{
    struct image im = valid();
    struct elf_span span;

    (void)state;
    im.ph[1].p_offset = 0x41;
    assert_int_equal(loads(&im, &span), ELF_BAD_LOAD);
    im = valid();
    im.ph[1].p_vaddr = 0x400040;
    assert_int_equal(loads(&im, &span), ELF_BAD_LOAD);
    im = valid();
    im.ph[1].p_memsz = UINT64_MAX;
    assert_int_equal(loads(&im, &span), ELF_BAD_LOAD);
    im = valid();
    im.ph[1].p_filesz = UINT64_MAX;
    assert_int_equal(loads(&im, &span), ELF_TRUNCATED);
    im = valid();
    im.ph[0].p_type = im.ph[1].p_type = ELF_PT_NOTE;
    assert_int_equal(loads(&im, &span), ELF_NO_LOAD);
}

static void test_elf_check_loads_ignores_offset_of_empty_content(void **state)
{
    struct image im = valid();
    struct elf_span span;

    (void)state;
    im.ph[1].p_filesz = 0;
    im.ph[1].p_offset = 0x12345;
    assert_int_equal(loads(&im, &span), ELF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elf_check_header_tells_reasons),
        cmocka_unit_test(test_elf_check_header_wants_program_headers),
        cmocka_unit_test(test_elf_check_loads_gives_span),
        cmocka_unit_test(test_elf_check_loads_refuses),
        cmocka_unit_test(test_elf_check_loads_ignores_offset_of_empty_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
