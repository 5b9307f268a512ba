/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: host/instance/trace_file.c */
/* Trace lines leave the error stream whole, however reads cut it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/instance/trace_file.h"

static const char stream[] = "a\x1e[1] one\nb\n\x1e[1] two\n\x1e[1] three\nc";

/* Feeds the stream in pieces of the given length. */
static void feed(size_t piece, char *rest, char *taken)
{
    FILE *file = tmpfile();
    struct trace_file t = {.fd = fileno(file)};
    size_t kept = 0;
    ssize_t got;

    for (size_t at = 0; at < strlen(stream); at += piece) {
        char data[sizeof(stream)];
        size_t left = strlen(stream) - at;
        size_t n = piece < left ? piece : left;

        memcpy(data, stream + at, n);
        n = trace_file_take(&t, data, n);
        memcpy(rest + kept, data, n);
        kept += n;
    }
    rest[kept] = '\0';
    got = pread(t.fd, taken, sizeof(stream), 0);
    assert_true(got >= 0);
    taken[got] = '\0';
    fclose(file);
}

static void test_trace_file_sorts_any_pieces(void **state)
{
    char rest[sizeof(stream)], taken[sizeof(stream) + 1];

    (void)state;
    for (size_t piece = 1; piece <= sizeof(stream); piece++) {
        feed(piece, rest, taken);
        assert_string_equal(rest, "ab\nc");
        assert_string_equal(taken, "[1] one\n[1] two\n[1] three\n");
    }
}

static void test_trace_file_off_keeps_all(void **state)
{
    struct trace_file t = {.fd = -1};
    char data[] = "x\x1ey\n";

    (void)state;
    assert_int_equal(trace_file_take(&t, data, 4), 4);
    assert_string_equal(data, "x\x1ey\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trace_file_sorts_any_pieces),
        cmocka_unit_test(test_trace_file_off_keeps_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
