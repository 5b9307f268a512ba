/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of CPUID answers says what the processor says. */
/* sources: host/patch/cpuid.c host/common/xalloc.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <cpuid.h>

#include "host/patch/cpuid.h"

/* As trampolines search. */
static const struct sidecar_cpuid *find(const struct sidecar_cpuid *e,
                                        uint32_t leaf, uint32_t ecx)
{
    for (;; e++) {
        if (e->leaf == leaf && e->subleaf == (ecx & e->subleaf_mask))
            return e;
        if (!e->more)
            return NULL;
    }
}

static void expect_same(const struct sidecar_cpuid *table, uint32_t leaf,
                        uint32_t subleaf)
{
    const struct sidecar_cpuid *e = find(table, leaf, subleaf);
    uint32_t a, b, c, d;

    assert_non_null(e);
    __cpuid_count(leaf, subleaf, a, b, c, d);
    assert_int_equal(e->eax, a);
    if (leaf != 1) /* the APIC ID of the processor we happen to be on */
        assert_int_equal(e->ebx, b);
    assert_int_equal(e->ecx, c);
    assert_int_equal(e->edx, d);
}

static void test_cpuid_answers_as_the_processor(void **state)
{
    struct sidecar_cpuid *table;
    uint32_t nr = cpuid_collect(&table);

    (void)state;
    assert_int_equal(table[nr - 1].more, 0);
    for (uint32_t i = 0; i + 1 < nr; i++)
        assert_int_equal(table[i].more, 1);
    expect_same(table, 0, 77); /* whatever is in ecx */
    expect_same(table, 1, 0);
    expect_same(table, 7, 0);
    expect_same(table, 0xd, 1);
    expect_same(table, 0x80000000, 0);
    expect_same(table, 0x80000002, 3);
    assert_null(find(table, 7, 1000));
    assert_null(find(table, 0x40000000, 0));
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpuid_answers_as_the_processor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
