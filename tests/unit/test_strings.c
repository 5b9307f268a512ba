/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: host/common/strings.c */
/* Blocks of "key=value" strings. */
#include "host/common/strings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_strings_round_trip(void **state)
{
    char buffer[128];
    struct strings s;
    size_t len;
    const char *arg;

    (void)state;
    strings_init(&s, buffer, sizeof(buffer));
    strings_add(&s, "arg", "a=b");
    strings_addf(&s, "mem", "%d", 42);
    strings_add(&s, "arg", "");
    len = strings_end(&s);
    assert_int_equal(len, sizeof("arg=a=b\0mem=42\0arg=\0"));
    assert_true(strings_valid(buffer, len));
    assert_string_equal(strings_get(buffer, "mem"), "42");
    assert_string_equal(strings_get(buffer, "me"), "");
    arg = strings_next(buffer, "arg", NULL);
    assert_string_equal(arg, "a=b");
    arg = strings_next(buffer, "arg", arg);
    assert_string_equal(arg, "");
    assert_null(strings_next(buffer, "arg", arg));
}

static void test_strings_empty_block(void **state)
{
    char buffer[4];
    struct strings s;

    (void)state;
    strings_init(&s, buffer, sizeof(buffer));
    assert_int_equal(strings_end(&s), 1);
    assert_true(strings_valid(buffer, 1));
    assert_string_equal(strings_get(buffer, "x"), "");
}

/* Every capacity: either all of it, or nothing. */
static void test_strings_overflow(void **state)
{
    (void)state;
    for (size_t cap = 1; cap < 32; cap++) {
        char buffer[32];
        struct strings s;
        size_t len;

        memset(buffer, 'x', sizeof(buffer));
        strings_init(&s, buffer, cap);
        strings_add(&s, "key", "value");
        strings_add(&s, "k", "v");
        len = strings_end(&s);
        assert_int_equal(len, cap < 15 ? 0 : 15);
        for (size_t i = cap; i < sizeof(buffer); i++) {
            assert_int_equal(buffer[i], 'x');
        }
    }
}

static void test_strings_valid_refuses(void **state)
{
    (void)state;
    assert_false(strings_valid("a=b", 3));
    assert_false(strings_valid("a=b\0", 4));
    assert_true(strings_valid("a=b\0", 5));
    assert_false(strings_valid("a\0\0b\0", 6));
    assert_false(strings_valid("\0\0", 3));
    assert_false(strings_valid("a", 1));
    assert_false(strings_valid("", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings_round_trip),
        cmocka_unit_test(test_strings_empty_block),
        cmocka_unit_test(test_strings_overflow),
        cmocka_unit_test(test_strings_valid_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
