/* SPDX-License-Identifier: BSD-2-Clause */
/* The address-space calls and the shareable object. */
#include "tests/boundary/abi/kernel.h"

enum { PAGE = 4096, R = 1, W = 2, X = 4, EINVAL_ = -22, EACCES_ = -13 };

static volatile uint8_t *at(uint64_t addr)
{
    return (volatile uint8_t *)addr;
}

static void test_reserve_commit(void)
{
    const uint64_t huge = UINT64_C(8) << 40, a = 0x100000000000;

    CHECK(ops->mem_reserve(a, huge) == 0);
    CHECK(probe_read(a) && seen.vector == 14 && seen.addr == a);
    CHECK(ops->mem_commit(a, 4 * PAGE, R | W) == 0);
    CHECK(!probe_read(a) && *at(a) == 0);
    CHECK(!probe_write(a) && *at(a) == 0x5a);
    CHECK(probe_read(a + 4 * PAGE));
    CHECK(ops->mem_protect(a, PAGE, R) == 0);
    CHECK(!probe_read(a) && probe_write(a) && (seen.error & 7) == 7);
    CHECK(!probe_write(a + PAGE));
    CHECK(ops->mem_protect(a, PAGE, 0) == 0 && probe_read(a));
    CHECK(ops->mem_commit(a, PAGE, R | W) == 0 && *at(a) == 0);
    CHECK(ops->mem_release(a, huge) == 0 && probe_read(a + PAGE));
}

static void test_bad_ranges(void)
{
    const uint64_t top = ABI_USER_TOP;

    CHECK(ops->mem_commit(top - PAGE, PAGE, R | W) == 0);
    CHECK(!probe_write(top - 1));
    CHECK(ops->mem_release(top - PAGE, PAGE) == 0);
    CHECK(ops->mem_commit(top - PAGE, 2 * PAGE, R | W) == EINVAL_);
    CHECK(ops->mem_reserve(top, PAGE) == EINVAL_);
    CHECK(ops->mem_release(ABI_KERNEL_BASE, PAGE) == EINVAL_);
    CHECK(ops->mem_protect(ABI_HEAP_BASE, PAGE, 0) == EINVAL_);
    CHECK(ops->mem_commit(USER_DATA + 1, PAGE, R) == EINVAL_);
    CHECK(ops->mem_commit(USER_DATA, 17, R) == EINVAL_);
    CHECK(ops->mem_commit(USER_DATA, 0, R) == EINVAL_);
    CHECK(ops->mem_commit(USER_DATA, PAGE, 8) == EINVAL_);
    CHECK(ops->mem_commit(USER_DATA, UINT64_MAX - 4095, R) == EINVAL_);
    CHECK(ops->mem_map(USER_DATA, PAGE, R, 2, 0) == EINVAL_);
    CHECK(ops->mem_map(USER_DATA, PAGE, R, 0, 1) == EINVAL_);
    CHECK(ops->mem_map(USER_DATA, PAGE, R, 0, 4 * PAGE) == EINVAL_);
    CHECK(ops->mem_map(USER_DATA, 5 * PAGE, R, 0, 0) == EINVAL_);
}

static void test_image(void)
{
    uint64_t a = USER_DATA, b = USER_DATA + 16 * PAGE;

    CHECK(ops->mem_map(a, 2 * PAGE, R | W, ABI_SOURCE_IMAGE, PAGE) == 0);
    CHECK(ops->mem_map(b, PAGE, R, ABI_SOURCE_IMAGE, PAGE) == 0);
    CHECK(*at(a) == 0x11 && *at(a + PAGE) == 0x22 && *at(b) == 0x11);
    CHECK(!probe_write(a) && *at(a) == 0x5a && *at(b) == 0x11);
    CHECK(*at(boot->image.base + PAGE) == 0x11);
    CHECK(probe_write(b));
    CHECK(ops->mem_discard(a, PAGE) == 0 && *at(a) == 0x11);
    /* The hint changes nothing that can be seen. */
    CHECK(ops->mem_map(a, 2 * PAGE, R | W | ABI_MAP_SOON, ABI_SOURCE_IMAGE,
                       PAGE) == 0);
    CHECK(*at(a) == 0x11 && !probe_write(a + PAGE) && *at(a + PAGE) == 0x5a);
    CHECK(*at(boot->image.base + 2 * PAGE) == 0x22);
    CHECK(ops->mem_map(a, 2 * PAGE, R | ABI_MAP_SOON, ABI_SOURCE_IMAGE, PAGE) ==
          0);
    CHECK(*at(a + PAGE) == 0x22 && probe_write(a + PAGE));
    CHECK(ops->mem_map(a, PAGE, R | 16, ABI_SOURCE_IMAGE, PAGE) == EINVAL_);
    ops->mem_release(a, 2 * PAGE);
    ops->mem_release(b, PAGE);
}

static void test_discard(void)
{
    uint64_t heap = boot->heap.base + 16 * PAGE;

    ops->mem_commit(USER_DATA, 2 * PAGE, R | W);
    *at(USER_DATA) = *at(USER_DATA + PAGE) = *at(heap) = 1;
    CHECK(ops->mem_discard(USER_DATA, PAGE) == 0);
    CHECK(*at(USER_DATA) == 0 && *at(USER_DATA + PAGE) == 1);
    CHECK(ops->mem_discard(heap, PAGE) == 0 && *at(heap) == 0);
    CHECK(ops->mem_discard(ABI_KERNEL_BASE, PAGE) == EINVAL_);
    ops->mem_release(USER_DATA, 2 * PAGE);
}

static void test_move(void)
{
    uint64_t a = USER_DATA, b = USER_DATA + 64 * PAGE;

    ops->mem_commit(a, 4 * PAGE, R | W);
    for (int i = 0; i < 4; i++)
        *at(a + (uint64_t)i * PAGE) = (uint8_t)(i + 1);
    ops->mem_protect(a + PAGE, PAGE, R); /* three mappings now */
    CHECK(ops->mem_move(a, 4 * PAGE, b, 8 * PAGE) == 0);
    CHECK(probe_read(a) && probe_read(a + 3 * PAGE));
    for (int i = 0; i < 4; i++)
        CHECK(*at(b + (uint64_t)i * PAGE) == i + 1);
    CHECK(probe_write(b + PAGE) && !probe_write(b + 2 * PAGE));
    CHECK(!probe_write(b + 7 * PAGE) && *at(b + 4 * PAGE) == 0);
    CHECK(probe_read(b + 8 * PAGE));
    CHECK(ops->mem_move(b, 8 * PAGE, b + PAGE, 8 * PAGE) == EINVAL_);
    CHECK(ops->mem_move(b, 2 * PAGE, a, PAGE) == EINVAL_);
    ops->mem_release(b, 8 * PAGE);
}

static void test_shm(void)
{
    uint64_t a = USER_DATA, b = USER_DATA + 16 * PAGE, off = 64 * PAGE;
    uint64_t window = boot->shm.base + off;

    *at(window) = 7;
    CHECK(ops->shm_map(a, PAGE, R | W, off, 0) == 0 && *at(a) == 7);
    CHECK(ops->shm_map(b, PAGE, R | W, off, 1) == 0 && *at(b) == 7);
    *at(a) = 8;
    CHECK(*at(window) == 8);
    *at(b) = 9;
    CHECK(*at(window) == 8 && *at(a) == 8);
    CHECK(ops->shm_punch(off, PAGE) == 0);
    CHECK(*at(window) == 0 && *at(a) == 0);
    CHECK(ops->shm_map(a, PAGE, R, boot->shm.len_bytes, 0) == EINVAL_);
    CHECK(ops->shm_punch(1, PAGE) == EINVAL_);
    ops->mem_release(a, PAGE);
    ops->mem_release(b, PAGE);
}

static void test_exec(void)
{
    uint64_t a = USER_DATA;
    int64_t wanted = boot->flags & ABI_BOOT_JIT ? 0 : EACCES_;

    CHECK(ops->mem_commit(a, PAGE, R | W | X) == wanted);
    CHECK(ops->mem_commit(a, PAGE, R | W) == 0);
    CHECK(ops->mem_protect(a, PAGE, R | X) == wanted);
    CHECK(ops->shm_map(a, PAGE, R | X, 0, 0) == wanted);
    CHECK(ops->mem_map(a, PAGE, R | W | X, ABI_SOURCE_IMAGE, 0) == wanted);
    CHECK(ops->mem_map(a, PAGE, R | X, ABI_SOURCE_IMAGE, 0) == 0);
    ops->mem_release(a, PAGE);
}

void test_memory(void)
{
    test_reserve_commit();
    test_bad_ranges();
    test_image();
    test_discard();
    test_move();
    test_shm();
    test_exec();
}
