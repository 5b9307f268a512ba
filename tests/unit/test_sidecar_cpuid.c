/* SPDX-License-Identifier: BSD-2-Clause */
/* Which table of CPUID answers an instance may believe. */
/* sources: kernel/mm/sidecar_cpuid.c */
#include "tests/unit/fake_kernel.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/sidecar.h"
#include "kernel/core/config.h"
#include "kernel/mm/sidecar.h"
#include "lib/processor.h"

static struct cpu cpu;
static struct sidecar_cpuid table[2];
static uint64_t told; /* 0: nothing */

uint64_t config_get_u64(const char *key, uint64_t otherwise)
{
    assert_string_equal(key, "processor");
    return told ? told : otherwise;
}

uint32_t sidecar_cpuid_table(const struct sidecar_cpuid **out)
{
    *out = table;
    return 2;
}

static int fill(void **state)
{
    struct sidecar_cpuid *one = &table[0], *seven = &table[1];

    (void)state;
    *one = (struct sidecar_cpuid){.leaf = 1, .more = 1};
    *seven = (struct sidecar_cpuid){.leaf = 7, .subleaf_mask = UINT32_MAX};
    __cpuid(1, one->eax, one->ebx, one->ecx, one->edx);
    __cpuid_count(7, 0, seven->eax, seven->ebx, seven->ecx, seven->edx);
    told = 0;
    cpu.vcpu.self = (uint64_t)&cpu;
    return (int)syscall(SYS_arch_prctl, ARCH_SET_GS, &cpu);
}

static uint64_t number(void)
{
    struct processor_leaves leaves = {
        table[0].eax, table[0].ecx, table[0].edx,
        table[1].ebx, table[1].ecx, table[1].edx,
    };

    return processor_number(&leaves);
}

static bool believed(void)
{
    sidecar_cpuid_init();
    return cpu.vcpu.cpuid == (uint64_t)table;
}

static void test_sidecar_cpuid_asks_when_not_told(void **state)
{
    (void)state;
    assert_true(believed());
    table[1].ebx ^= 1;
    assert_false(believed());
}

static void test_sidecar_cpuid_compares_with_what_is_told(void **state)
{
    (void)state;
    told = number();
    assert_true(believed());
    table[0].ebx ^= 1u << 24; /* the APIC ID may differ */
    assert_true(believed());
    table[0].ecx ^= 1;
    assert_false(believed());
    told = number(); /* made on that other processor, and told so */
    assert_true(believed());
}

static void test_sidecar_cpuid_wants_a_whole_table(void **state)
{
    (void)state;
    told = number();
    table[1].more = 1;
    assert_false(believed());
    table[1].more = 0;
    table[1].leaf = 6;
    assert_false(believed());
}

#define TEST(f) cmocka_unit_test_setup(f, fill)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_sidecar_cpuid_asks_when_not_told),
        TEST(test_sidecar_cpuid_compares_with_what_is_told),
        TEST(test_sidecar_cpuid_wants_a_whole_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
