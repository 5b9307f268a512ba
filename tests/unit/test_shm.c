/* sources: kernel/mm/shm.c kernel/mm/shm_loan.c lib/rbtree.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/* Allocator of the shareable object against a byte map of what is taken. */
#include "tests/unit/fake_kernel.h"

#include <errno.h>

#include "kernel/mm/shm.h"
#include "kernel/mm/shm_loan.h"

enum { PAGES = 512, PAGE = 4096 };

static uint8_t taken[PAGES];
static unsigned punched_pages;

static int64_t fake_punch(uint64_t offset, uint64_t len_bytes)
{
    assert_true(offset + len_bytes <= (uint64_t)PAGES * PAGE);
    punched_pages += (unsigned)(len_bytes / PAGE);
    return 0;
}

static int setup(void **state)
{
    (void)state;
    fake_boot.shm = (struct abi_range){0x1000000, (uint64_t)PAGES * PAGE};
    platform.ops.shm_punch = fake_punch;
    return 0;
}

static void mark(uint64_t first, size_t nr, uint8_t from, uint8_t to)
{
    for (uint64_t i = first; i < first + nr; i++) {
        assert_int_equal(taken[i], from);
        taken[i] = to;
    }
}

static size_t count_taken(void)
{
    size_t n = 0;

    for (int i = 0; i < PAGES; i++)
        n += taken[i];
    return n;
}

static void alloc_some(void)
{
    size_t nr = 1 + (size_t)rand() % 9;
    int64_t off = shm_alloc(nr);

    if (off < 0)
        return;
    assert_int_equal(off % PAGE, 0);
    mark((uint64_t)off / PAGE, nr, 0, 1);
}

static void free_some(void)
{
    uint64_t first = (uint64_t)rand() % PAGES;
    size_t nr = 0;

    while (first + nr < PAGES && taken[first + nr] && nr < 7)
        nr++;
    mark(first, nr, 1, 0);
    shm_free(first * PAGE, nr);
}

static void test_shm_never_hands_out_a_page_twice(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        if (rand() % 2)
            alloc_some();
        else
            free_some();
        assert_int_equal(shm_used_pages(), count_taken());
    }
    for (int i = 0; i < PAGES; i++) {
        if (taken[i])
            shm_free((uint64_t)i * PAGE, 1);
        taken[i] = 0;
    }
    assert_int_equal(shm_used_pages(), 0);
    assert_true(punched_pages > 0);
}

static void test_shm_whole_window_is_usable(void **state)
{
    (void)state;
    assert_int_equal(shm_alloc(PAGES), 0);
    assert_int_equal(shm_alloc(1), -ENOMEM);
    shm_free(0, PAGES);
    assert_int_equal(shm_alloc(PAGES + 1), -ENOMEM);
}

static void test_shm_alloc_at_takes_free_pages_only(void **state)
{
    (void)state;
    assert_int_equal(shm_alloc(10), 0);
    shm_free(2 * PAGE, 6);
    assert_int_equal(shm_alloc_at(4 * PAGE, 2), 0);
    assert_int_equal(shm_alloc_at(3 * PAGE, 2), -EBUSY);
    assert_int_equal(shm_alloc_at(7 * PAGE, 2), -EBUSY);
    assert_int_equal(shm_alloc_at(2 * PAGE, 2), 0);
    assert_int_equal(shm_alloc_at(6 * PAGE, 2), 0);
    assert_int_equal(shm_alloc_at(10 * PAGE, 2), 0);
    assert_int_equal(shm_alloc_at(12 * PAGE, PAGES), -ENOMEM);
    shm_free(0, 12);
    assert_int_equal(shm_used_pages(), 0);
}

/* What is freed while on loan keeps its place until the loan ends. */
static void test_shm_lent_pages_are_kept(void **state)
{
    struct loan *a, *b;
    unsigned before;

    (void)state;
    assert_int_equal(shm_alloc(100), 0);
    a = shm_lend(shm_ptr(20 * PAGE + 5), 30 * PAGE);
    b = shm_lend(shm_ptr(40 * PAGE), 1);
    loan_get(a);
    before = punched_pages;
    shm_free(0, 100);
    assert_in_range(shm_used_pages(), 31, 48 + 15); /* groups of 16 */
    assert_int_equal(punched_pages - before, 100 - shm_used_pages());
    assert_int_equal(shm_alloc_at(20 * PAGE, 1), -EBUSY);
    assert_int_equal(shm_alloc_at(50 * PAGE, 1), -EBUSY);
    loan_put(a);
    assert_int_equal(shm_alloc_at(20 * PAGE, 1), -EBUSY);
    loan_put(a);
    assert_int_equal(shm_alloc_at(20 * PAGE, 1), 0);
    assert_int_equal(shm_alloc_at(40 * PAGE, 1), -EBUSY);
    loan_put(b);
    assert_int_equal(shm_used_pages(), 1);
    shm_free(20 * PAGE, 1);
    assert_int_equal(shm_used_pages(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shm_never_hands_out_a_page_twice),
        cmocka_unit_test(test_shm_whole_window_is_usable),
        cmocka_unit_test(test_shm_alloc_at_takes_free_pages_only),
        cmocka_unit_test(test_shm_lent_pages_are_kept),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
