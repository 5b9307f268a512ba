/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: host/network/address.c host/instance/dirs.c host/common/err.c */
/* sources: host/common/room.c host/common/xalloc.c */
/* Numbers of addresses: unique, used again, and found without a search. */
#include "host/network/address.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum { FIRST = 2, LAST = 300 };

static char dir[] = "/tmp/einkorn-address-XXXXXX";
static int held[LAST + 1];
static unsigned nr_locks;

/* In place of the C library's, to count: locks between open files conflict
 * within one process too. */
int fcntl(int fd, int cmd, ...)
{
    va_list args;
    void *arg;

    va_start(args, cmd);
    arg = va_arg(args, void *);
    va_end(args);
    nr_locks += cmd == F_OFD_SETLK;
    return (int)syscall(SYS_fcntl, fd, cmd, arg);
}

static uint32_t take(uint32_t last)
{
    struct err err = {0};
    uint32_t number = 0;
    int fd = address_take(dir, FIRST, last, &number, &err);

    if (fd == ADDRESS_NONE) {
        return 0;
    }
    assert_true(fd >= 0);
    assert_in_range(number, FIRST, last);
    assert_int_equal(held[number], 0);
    held[number] = fd;
    return number;
}

static void give_back(uint32_t number)
{
    address_give_back(held[number], number);
    held[number] = 0;
}

/* What is left of a monitor that was killed. */
static void lose(uint32_t number)
{
    close(held[number]);
    held[number] = 0;
}

static int fill(void **state)
{
    (void)state;
    for (uint32_t n = FIRST; n <= LAST; n++) {
        assert_int_equal(take(LAST), n);
    }
    return 0;
}

static int empty(void **state)
{
    char path[64];

    (void)state;
    for (uint32_t n = FIRST; n <= LAST; n++) {
        if (held[n] != 0) {
            lose(n);
        }
    }
    snprintf(path, sizeof(path), "%s/net/addresses", dir);
    return unlink(path);
}

static void test_address_full(void **state)
{
    (void)state;
    assert_int_equal(take(LAST), 0);
}

static void test_address_given_back_is_used_again(void **state)
{
    (void)state;
    give_back(250);
    give_back(40);
    give_back(7);
    assert_int_equal(take(39), 7);
    assert_int_equal(take(LAST), 40);
    assert_int_equal(take(LAST), 250);
    assert_int_equal(take(LAST), 0);
}

static void test_address_lost_ones_come_before_new_ones(void **state)
{
    (void)state;
    lose(LAST);
    lose(200);
    give_back(270);
    assert_int_equal(take(LAST), 270);
    assert_int_equal(take(LAST), 200);
    assert_int_equal(take(LAST), LAST);
    assert_int_equal(take(LAST), 0);
}

/* The lock counts, not what the file says. */
static void test_address_marks_may_lie(void **state)
{
    char path[64], marks[LAST + 1];
    FILE *file;

    (void)state;
    give_back(9);
    for (int what = 0; what < 4; what++) {
        for (size_t i = 0; i < sizeof(marks); i++) {
            marks[i] = (char)what;
        }
        snprintf(path, sizeof(path), "%s/net/addresses", dir);
        file = fopen(path, "r+");
        assert_non_null(file);
        assert_int_equal(fwrite(marks, 1, sizeof(marks), file), sizeof(marks));
        fclose(file);
        assert_int_equal(take(LAST), 9);
        assert_int_equal(take(LAST), 0);
        give_back(9);
    }
}

/* However many are in use. */
static void test_address_is_found_at_once(void **state)
{
    (void)state;
    for (uint32_t n = FIRST; n <= LAST; n++) {
        give_back(n);
        nr_locks = 0;
        assert_int_equal(take(LAST), n);
        assert_int_equal(nr_locks, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_address_full, fill, empty),
        cmocka_unit_test_setup_teardown(test_address_given_back_is_used_again,
                                        fill, empty),
        cmocka_unit_test_setup_teardown(
            test_address_lost_ones_come_before_new_ones, fill, empty),
        cmocka_unit_test_setup_teardown(test_address_marks_may_lie, fill,
                                        empty),
        cmocka_unit_test_setup_teardown(test_address_is_found_at_once, fill,
                                        empty),
    };
    int rc;

    if (mkdtemp(dir) == NULL) {
        return 1;
    }
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    if (chdir(dir) == 0) {
        rmdir("net");
        rmdir(dir);
    }
    return rc;
}
