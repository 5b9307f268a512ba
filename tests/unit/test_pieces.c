/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: host/common/pieces.c */
/* What is written in pieces: all of it, in order, and where each piece ends. */
#include "host/common/pieces.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

enum { LEN = 700000, START = 100 };

static uint8_t data[LEN], written[LEN];
static size_t nr_written, nr_calls, most;
static int refuse; /* errno of a call that fails */

ssize_t write(int fd, const void *from, size_t len);

/* In place of the C library's: takes at most `most`. */
ssize_t write(int fd, const void *from, size_t len)
{
    size_t end = START + nr_written + len;

    (void)fd;
    if (nr_calls++ == 1 && refuse != 0) {
        errno = refuse;
        return -1;
    }
    assert_true(nr_written + len <= LEN);
    assert_true(end % PIECE_BYTES == 0 || nr_written + len == LEN);
    assert_true((end - 1) / PIECE_BYTES == (START + nr_written) / PIECE_BYTES);
    len = len < most ? len : most;
    memcpy(written + nr_written, from, len);
    nr_written += len;
    return (ssize_t)len;
}

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN; i++) {
        data[i] = (uint8_t)(i * 7 + i / 256);
    }
    memset(written, 0, LEN);
    nr_written = nr_calls = 0;
    refuse = 0;
    most = LEN;
    return 0;
}

static void check_all(size_t calls)
{
    assert_int_equal(pieces_write(1, data, LEN, START), 0);
    assert_int_equal(nr_written, LEN);
    assert_int_equal(nr_calls, calls);
    assert_memory_equal(data, written, LEN);
}

static void test_pieces_end_at_multiples(void **state)
{
    (void)state;
    check_all((START + LEN) / PIECE_BYTES + 1);
}

static void test_pieces_short_writes(void **state)
{
    (void)state;
    most = 100000;
    check_all(3 + 3 + 2);
}

static void test_pieces_interrupted(void **state)
{
    (void)state;
    refuse = EINTR;
    check_all((START + LEN) / PIECE_BYTES + 2);
}

static void test_pieces_error(void **state)
{
    (void)state;
    refuse = ENOSPC;
    assert_int_equal(pieces_write(1, data, LEN, START), -1);
    assert_int_equal(errno, ENOSPC);
    assert_int_equal(pieces_write(1, data, 0, START), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pieces_end_at_multiples, setup),
        cmocka_unit_test_setup(test_pieces_short_writes, setup),
        cmocka_unit_test_setup(test_pieces_interrupted, setup),
        cmocka_unit_test_setup(test_pieces_error, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
