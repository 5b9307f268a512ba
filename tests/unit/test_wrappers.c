/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines of wrappers and shells, read as the wrappers read them. */
/* sources: host/common/wrappers.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/common/wrappers.h"

struct line {
    const char *argv[8];
    int nr_skip; /* -1: not understood */
    const char *user;
    int nr_env;
};

static void test_wrappers_parse(void **state)
{
    static const struct line lines[] = {
        {{"tini", "--", "x"}, 2, NULL, 0},
        {{"tini", "-s", "-p", "SIGTERM", "x", "-p"}, 4, NULL, 0},
        {{"tini", "-vvv", "-pSIGTERM", "x"}, 3, NULL, 0},
        {{"tini", "-vp", "x"}, -1, NULL, 0},
        {{"tini"}, -1, NULL, 0},
        {{"tini", "--"}, -1, NULL, 0},
        {{"dumb-init", "--rewrite", "15:3", "-v", "x"}, 4, NULL, 0},
        {{"dumb-init", "-c", "--", "--x"}, 3, NULL, 0},
        {{"gosu", "a:b", "x", "-y"}, 2, "a:b", 0},
        {{"gosu", "--version"}, -1, NULL, 0},
        {{"su-exec", "a"}, -1, NULL, 0},
        {{"env", "A=1", "B=2", "x"}, 3, NULL, 2},
        {{"env", "-i", "x"}, -1, NULL, 0},
        {{"env"}, -1, NULL, 0},
        {{"nginx", "x"}, -1, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const struct line *l = &lines[i];
        char *const *argv = (char *const *)(uintptr_t)l->argv;
        struct wrapped w;
        int argc = 0;
        bool known;

        while (argv[argc])
            argc++;
        known = wrapper_parse(argv[0], argv, argc, &w);
        assert_int_equal(known ? w.nr_skip : -1, l->nr_skip);
        if (!known)
            continue;
        assert_int_equal(w.nr_env, l->nr_env);
        assert_int_equal(!w.user, !l->user);
        if (l->user)
            assert_string_equal(w.user, l->user);
    }
}

static void check_shell(const char *const *list, enum shell_input expected,
                        int index)
{
    char *const *argv = (char *const *)(uintptr_t)list;
    int argc = 0, at = -1;

    while (argv[argc])
        argc++;
    assert_int_equal(wrapper_shell_input(argv, argc, &at), expected);
    if (expected != SHELL_STDIN)
        assert_int_equal(at, index);
}

static void test_shells_read_what(void **state)
{
    (void)state;
    check_shell((const char *[]){"sh", NULL}, SHELL_STDIN, 0);
    check_shell((const char *[]){"sh", "-", NULL}, SHELL_STDIN, 0);
    check_shell((const char *[]){"sh", "a", "-c", NULL}, SHELL_SCRIPT, 1);
    check_shell((const char *[]){"sh", "-e", "a", NULL}, SHELL_SCRIPT, 2);
    check_shell((const char *[]){"sh", "-c", "a", "b", NULL}, SHELL_COMMAND, 2);
    check_shell((const char *[]){"sh", "-ec", "a", NULL}, SHELL_COMMAND, 2);
    check_shell((const char *[]){"sh", "-o", "pipefail", "-c", "a", NULL},
                SHELL_COMMAND, 4);
    check_shell((const char *[]){"bash", "--login", "a", NULL}, SHELL_SCRIPT,
                2);
}

static void test_simple_commands(void **state)
{
    (void)state;
    assert_true(wrapper_is_simple("exec redis-server --port 1"));
    assert_true(wrapper_is_simple("nginx -g 'daemon off'"));
    assert_false(wrapper_is_simple("a; b"));
    assert_false(wrapper_is_simple("a && b"));
    assert_false(wrapper_is_simple("a | b"));
    assert_false(wrapper_is_simple("echo $(a)"));
    assert_false(wrapper_is_simple("a\nb"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrappers_parse),
        cmocka_unit_test(test_shells_read_what),
        cmocka_unit_test(test_simple_commands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
