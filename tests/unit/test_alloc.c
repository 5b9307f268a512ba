/* sources: kernel/core/alloc.c kernel/core/page.c */
/* SPDX-License-Identifier: BSD-2-Clause */
/* The allocator under random load: nothing overlaps, nothing leaks, freed
 * memory is found again and given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"

enum { ARENA = 256 << 20, SLOTS = 2000, ROUNDS = 200000 };

static struct abi_boot boot;
struct platform platform = {.boot = &boot};
static uint64_t discarded;

void panic(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    abort();
}

#undef assert

static int64_t fake_discard(uint64_t addr, uint64_t len_bytes)
{
    discarded += len_bytes;
    memset((void *)addr, 0, len_bytes);
    return 0;
}

static int setup(void **state)
{
    void *arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    (void)state;
    boot.heap = (struct abi_range){(uint64_t)arena, ARENA};
    platform.ops.mem_discard = fake_discard;
    return arena == MAP_FAILED;
}

struct slot {
    uint8_t *ptr;
    size_t len;
    uint8_t fill;
};

static void check(const struct slot *s)
{
    for (size_t i = 0; i < s->len; i++)
        assert_int_equal(s->ptr[i], s->fill);
}

static size_t random_size(void)
{
    switch (rand() % 8) {
    case 0:
        return (size_t)rand() % 100000;
    case 1:
        return (size_t)rand() % 5000;
    default:
        return (size_t)rand() % 300;
    }
}

static void refill(struct slot *s)
{
    s->len = random_size();
    s->fill = (uint8_t)rand();
    s->ptr = s->fill % 4 ? kmalloc(s->len) : kzalloc(s->len);
    assert_non_null(s->ptr);
    for (size_t i = 0; s->fill % 4 == 0 && i < s->len; i++)
        assert_int_equal(s->ptr[i], 0);
    assert_int_equal((uint64_t)s->ptr % 16, 0);
    memset(s->ptr, s->fill, s->len);
}

static void resize(struct slot *s)
{
    size_t len = random_size();

    check(s);
    s->ptr = krealloc(s->ptr, len);
    assert_non_null(s->ptr);
    for (size_t i = 0; i < len && i < s->len; i++)
        assert_int_equal(s->ptr[i], s->fill);
    s->len = len;
    memset(s->ptr, s->fill, len);
}

static void test_alloc_random_load(void **state)
{
    static struct slot slots[SLOTS];
    size_t before;

    (void)state;
    alloc_init();
    before = alloc_used_bytes();
    for (int round = 0; round < ROUNDS; round++) {
        struct slot *s = &slots[rand() % SLOTS];

        if (!s->ptr) {
            refill(s);
        } else if (rand() % 4 == 0) {
            resize(s);
        } else {
            check(s);
            kfree(s->ptr);
            s->ptr = NULL;
        }
    }
    for (int i = 0; i < SLOTS; i++)
        kfree(slots[i].ptr);
    /* At most one slab of each class stays. */
    assert_true(alloc_used_bytes() - before <= 14 * 4 * 4096);
}

static void test_alloc_runs(void **state)
{
    uint8_t *a = page_alloc(3), *b = page_alloc(5), *c = page_alloc(2), *d;

    (void)state;
    assert_int_equal((uint64_t)a % 4096, 0);
    page_free(b, 5);
    page_free(a, 3);
    page_free(c, 2);
    d = page_alloc(10);
    assert_non_null(d);
    page_free(d, 10);
    assert_null(page_alloc(ARENA / 4096));
    assert_null(page_alloc(0));
}

static void test_alloc_gives_back(void **state)
{
    void *big = page_alloc(8192);

    (void)state;
    assert_non_null(big);
    memset(big, 1, (size_t)8192 * 4096);
    discarded = 0;
    page_free(big, 8192);
    assert_true(discarded >= (uint64_t)8192 * 4096);
}

static void test_alloc_small_things(void **state)
{
    char *s = kstrdup("grain");
    uint8_t *zeroed = kzalloc(4000);

    (void)state;
    assert_string_equal(s, "grain");
    for (int i = 0; i < 4000; i++)
        assert_int_equal(zeroed[i], 0);
    kfree(s);
    kfree(zeroed);
    kfree(NULL);
    kfree(kmalloc(0));
}

/* Each page of a small arena is used: what is handed out lies inside, and is
 * not where the pages are described. */
static bool all_of_an_arena_can_be_used(uint64_t nr)
{
    void *page, *last = NULL;
    uint64_t taken = 0;

    boot.heap.len_bytes = nr * 4096;
    alloc_init();
    for (; (page = page_alloc(1)) != NULL; taken++) {
        if ((uint64_t)page - boot.heap.base >= nr * 4096)
            return false;
        memset(page, 0xff, 4096);
        *(void **)page = last;
        last = page;
    }
    if (taken < nr - 2 - (nr * 24 + 4095) / 4096)
        return false;
    for (; last; last = page) {
        page = *(void **)last;
        page_free(last, 1);
    }
    return alloc_used_bytes() == 0 && page_alloc(60);
}

/* The allocator begins once in a process. */
static void test_alloc_hands_out_all_of_an_arena(void **state)
{
    (void)state;
    for (uint64_t nr = 64; nr < 600; nr += nr < 160 || nr > 190 ? 7 : 1) {
        pid_t pid = fork();
        int status;

        if (pid == 0)
            _exit(!all_of_an_arena_can_be_used(nr));
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* First: its children want a fresh allocator. */
        cmocka_unit_test(test_alloc_hands_out_all_of_an_arena),
        cmocka_unit_test(test_alloc_random_load),
        cmocka_unit_test(test_alloc_runs),
        cmocka_unit_test(test_alloc_gives_back),
        cmocka_unit_test(test_alloc_small_things),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
