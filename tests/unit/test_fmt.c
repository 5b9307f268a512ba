/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatting against the C library's, for every directive that we have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Under names of its own, beside the C library's. */
#define vsnprintf fmt_vsnprintf
#define snprintf fmt_snprintf
#include "lib/fmt.c"
#undef vsnprintf
#undef snprintf

#define SAME(...)                                                              \
    do {                                                                       \
        char want[200], got[200];                                              \
        int n = snprintf(want, sizeof(want), __VA_ARGS__);                     \
                                                                               \
        assert_int_equal(fmt_snprintf(got, sizeof(got), __VA_ARGS__), n);      \
        assert_string_equal(got, want);                                        \
    } while (0)

static void test_fmt_numbers(void **state)
{
    const int values[] = {0, 1, -1, 42, -4711, INT32_MAX, INT32_MIN};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        int v = values[i];

        SAME("%d|%i|%5d|%-5d|%05d|%+d|% d|%.3d|%8.3d", v, v, v, v, v, v, v, v,
             v);
        SAME("%u|%x|%X|%o|%10x|%-10x|%010x", (unsigned)v, (unsigned)v,
             (unsigned)v, (unsigned)v, (unsigned)v, (unsigned)v, (unsigned)v);
        SAME("%hhd|%hd|%ld|%lld|%zd|%jd", (signed char)v, (short)v, (long)v,
             (long long)v, (ptrdiff_t)v, (intmax_t)v);
        SAME("%hhu|%hu|%lu|%llx|%zu", (unsigned char)v, (unsigned short)v,
             (unsigned long)v, (unsigned long long)v, (size_t)v);
    }
    SAME("%ld %lu", INT64_MIN, UINT64_MAX);
    SAME("%#lx", 0xdeadbeeful);
    SAME("%*d|%-*d|%.*d", 7, 42, 7, 42, 5, 42);
}

static void test_fmt_text(void **state)
{
    (void)state;
    SAME("%s|%10s|%-10s|%.2s|%.*s|%c|%%", "grain", "grain", "grain", "grain", 3,
         "grain", 'x');
    SAME("no directive");
    SAME("%p", (void *)0x1234);
}

static void test_fmt_bounds(void **state)
{
    char buf[8];

    (void)state;
    memset(buf, 'z', sizeof(buf));
    assert_int_equal(fmt_snprintf(buf, 4, "%s", "einkorn"), 7);
    assert_string_equal(buf, "ein");
    assert_int_equal(buf[4], 'z');
    assert_int_equal(fmt_snprintf(NULL, 0, "%d", 12345), 5);
    assert_int_equal(fmt_snprintf(buf, 1, "%d", 5), 1);
    assert_string_equal(buf, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fmt_numbers),
        cmocka_unit_test(test_fmt_text),
        cmocka_unit_test(test_fmt_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
