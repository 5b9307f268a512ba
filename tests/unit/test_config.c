/* sources: kernel/core/config.c lib/string.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration strings: look-ups, and that bad ones end the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/core/config.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "lib/string.h"

static struct abi_boot boot;
struct platform platform = {.boot = &boot};
static jmp_buf panicked;
static char message[200];

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    longjmp(panicked, 1);
}

void klog_set_level(enum log_level level)
{
    (void)level;
}

#undef assert

/* True if these strings are accepted. */
static int accepts(const char *strings, size_t len_bytes)
{
    boot.config = (struct abi_range){(uint64_t)strings, len_bytes};
    if (setjmp(panicked))
        return 0;
    config_init();
    return 1;
}

#define ACCEPTS(strings) accepts(strings, sizeof(strings))

static void test_config_values(void **state)
{
    (void)state;
    assert_true(ACCEPTS("exe=/bin/x\0arg=a\0arg=\0env=A=B\0arg=c=d\0uid=33\0"
                        "net0.ip=10.0.0.2/24\0volume12=/v\0"));
    assert_string_equal(config_get("arg", 0), "a");
    assert_string_equal(config_get("arg", 1), "");
    assert_string_equal(config_get("arg", 2), "c=d");
    assert_null(config_get("arg", 3));
    assert_null(config_get("ar", 0));
    assert_string_equal(config_get("env", 0), "A=B");
    assert_string_equal(config_get("net0.ip", 0), "10.0.0.2/24");
    assert_null(config_get("net0.i", 0));
    assert_int_equal(config_get_u64("uid", 7), 33);
    assert_int_equal(config_get_u64("gid", 7), 7);
}

static void test_config_refuses(void **state)
{
    static const char unended[] = {'e', 'x', 'e', '=', '/', 0, 'a', 'r'};

    (void)state;
    assert_true(ACCEPTS(""));
    assert_false(ACCEPTS("exe=/x\0colour=red\0"));
    assert_non_null(strstr(message, "colour"));
    assert_false(ACCEPTS("exe\0"));
    assert_false(ACCEPTS("netX.ip=1\0"));
    assert_false(ACCEPTS("volume16=/x\0"));
    assert_false(accepts(unended, sizeof(unended)));
    assert_false(accepts("", 0));
    assert_false(ACCEPTS("loglevel=many\0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config_values),
        cmocka_unit_test(test_config_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
