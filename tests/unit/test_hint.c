/* SPDX-License-Identifier: BSD-2-Clause */
/* Package names guessed from library names. */
/* sources: host/image/hint.c host/image/text_file.c host/common/xalloc.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/image/hint.h"

static void expect_first(const char *soname, const char *package)
{
    char names[3][128];

    assert_true(hint_names(soname, names) > 0);
    assert_string_equal(names[0], package);
}

static void test_hint_follows_debian_policy(void **state)
{
    char names[3][128];

    (void)state;
    expect_first("libz.so.1", "libz1");
    expect_first("libpcre2-8.so.0", "libpcre2-8-0");
    expect_first("libgnutls-dane.so.0", "libgnutls-dane0");
    expect_first("libX11.so.6", "libx11-6");
    expect_first("libdouble_conversion.so.3", "libdouble-conversion3");
    expect_first("libstdc++.so.6", "libstdc++6");
    expect_first("/lib64/ld-linux-x86-64.so.2", "libc6");
    expect_first("/lib/ld-musl-x86_64.so.1", "musl");
    expect_first("libsystemd-shared-252.so", "libsystemd-shared-252");
    assert_int_equal(hint_names("plugin", names), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hint_follows_debian_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
