/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: tender/kvm/queue.c */
/* The device's side of virtqueues: what a guest may write, and what ends the
 * queue and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tender/kvm/queue.h"
#include "tests/unit/virtq_guest.h"

enum { NUM = 8, BIG = 256 };

static struct guest guest;
static struct queue queue;
static struct chain chain;

static int fresh(void **state)
{
    (void)state;
    guest_init(&guest);
    queue = (struct queue){.mem = &guest.mem,
                           .num = NUM,
                           .avail_gpa = AVAIL_AT,
                           .used_gpa = USED_AT};
    assert_true(queue_enable(&queue));
    return 0;
}

static int done(void **state)
{
    (void)state;
    guest_free(&guest);
    return 0;
}

static void grow(uint32_t num)
{
    queue.num = num;
    assert_true(queue_enable(&queue));
}

static void desc(uint32_t id, uint64_t addr, uint32_t len, uint16_t flags,
                 uint16_t next)
{
    guest_desc(&guest, 0, id, addr, len, flags, next);
}

static int take(void)
{
    guest_offer(&guest, 0, queue.num, 0);
    return queue_take(&queue, &chain);
}

/* Head 0 is offered: the queue must die of it, and stay dead. */
static void refused(void)
{
    assert_int_equal(take(), -1);
    assert_true(queue.broken);
    desc(0, DATA_AT, 16, 0, 0);
    assert_int_equal(take(), -1);
    assert_true(queue_empty(&queue));
}

static void test_virtqueue_chain(void **state)
{
    (void)state;
    desc(0, DATA_AT, 16, NEXT, 5);
    desc(5, HIGH_GPA + HIGH_BYTES - 4, 4, NEXT | WRITE, 2);
    desc(2, LOW_BYTES - 1, 1, WRITE, 7);
    assert_int_equal(take(), 1);
    assert_int_equal(chain.nr_out, 1);
    assert_int_equal(chain.nr_in, 2);
    assert_int_equal(chain.out_bytes, 16);
    assert_int_equal(chain.in_bytes, 5);
    assert_ptr_equal(chain.out[0].iov_base, guest.low + DATA_AT);
    assert_ptr_equal(chain.in[0].iov_base, guest.high + HIGH_BYTES - 4);
    assert_int_equal(queue_take(&queue, &chain), 0);
    queue_use(&queue, 0, 5);
    assert_true(queue_show(&queue));
    assert_int_equal(guest_used(&guest, 0)[1], 1);
    assert_int_equal(guest_used(&guest, 0)[4], 5);
}

static void test_virtqueue_place(void **state)
{
    static const struct {
        uint32_t num;
        uint64_t desc, avail, used;
    } bad[] = {
        {0, 0, AVAIL_AT, USED_AT},
        {3, 0, AVAIL_AT, USED_AT},
        {512, 0, AVAIL_AT, USED_AT},
        {UINT32_MAX, 0, AVAIL_AT, USED_AT},
        {NUM, 8, AVAIL_AT, USED_AT},
        {NUM, 0, AVAIL_AT + 1, USED_AT},
        {NUM, 0, AVAIL_AT, USED_AT + 2},
        {NUM, LOW_BYTES - 16, AVAIL_AT, USED_AT},
        {NUM, 0, LOW_BYTES - 2, USED_AT},
        {NUM, 0, AVAIL_AT, LOW_BYTES - 64},
        {NUM, -UINT64_C(16), AVAIL_AT, USED_AT},
        {NUM, 0, -UINT64_C(2), USED_AT},
        {NUM, 0, AVAIL_AT, HIGH_GPA - 4},
        {NUM, HIGH_GPA + HIGH_BYTES, AVAIL_AT, USED_AT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        queue = (struct queue){.mem = &guest.mem,
                               .num = bad[i].num,
                               .desc_gpa = bad[i].desc,
                               .avail_gpa = bad[i].avail,
                               .used_gpa = bad[i].used};
        assert_false(queue_enable(&queue));
        assert_true(queue.broken && !queue.ready);
        assert_int_equal(queue_take(&queue, &chain), -1);
        queue_notify(&queue, true);
    }
}

static void test_virtqueue_loops(void **state)
{
    (void)state;
    desc(0, DATA_AT, 16, NEXT, 1);
    desc(1, DATA_AT, 16, NEXT, 0);
    refused();
}

static void test_virtqueue_loops_on_itself(void **state)
{
    (void)state;
    desc(0, DATA_AT, 1, NEXT | WRITE, 0);
    refused();
}

static void test_virtqueue_wild_numbers(void **state)
{
    (void)state;
    desc(0, DATA_AT, 16, NEXT, NUM);
    refused();
    done(NULL);
    fresh(NULL);
    guest_offer(&guest, 0, NUM, UINT16_MAX);
    assert_int_equal(queue_take(&queue, &chain), -1);
}

static void test_virtqueue_wild_buffers(void **state)
{
    static const struct {
        uint64_t addr;
        uint32_t len;
    } bad[] = {
        {LOW_BYTES, 1},
        {LOW_BYTES - 1, 2},
        {DATA_AT, UINT32_MAX},
        {DATA_AT, 0},
        {UINT64_MAX, 1},
        {UINT64_MAX, 2},
        {UINT64_MAX - 15, 32},
        {HIGH_GPA - 1, 2},
        {HIGH_GPA + HIGH_BYTES - 1, 2},
        {UINT64_C(0xfee00000), 4},
        {UINT64_C(0x1000000000), 4096},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        desc(0, bad[i].addr, bad[i].len, i & 1 ? WRITE : 0, 0);
        refused();
        done(state);
        fresh(state);
    }
}

static void test_virtqueue_indirect(void **state)
{
    (void)state;
    desc(0, DATA_AT, 16, INDIRECT, 0);
    refused();
    done(NULL);
    fresh(NULL);
    desc(0, DATA_AT, 16, NEXT, 1);
    desc(1, DATA_AT, 32, INDIRECT | NEXT | WRITE, 1);
    refused();
}

/* What the driver reads stands before what it writes (2.7.4.2). */
static void test_virtqueue_order(void **state)
{
    (void)state;
    desc(0, DATA_AT, 16, NEXT | WRITE, 1);
    desc(1, DATA_AT, 16, 0, 0);
    refused();
}

/* No chain makes the host move more than a megabyte. */
static void test_virtqueue_length(void **state)
{
    static uint8_t large[(1 << 20) + 4096];

    (void)state;
    grow(BIG);
    guest.mem.regions[1].host = large;
    guest.mem.regions[1].len_bytes = sizeof(large);
    for (uint32_t i = 0; i < 17; i++)
        desc(i, HIGH_GPA, 1 << 16, i < 15 ? NEXT : 0, (uint16_t)(i + 1));
    assert_int_equal(take(), 1);
    assert_int_equal(chain.out_bytes, 1 << 20);
    desc(15, HIGH_GPA, 1 << 16, NEXT, 16);
    desc(16, HIGH_GPA, 1, 0, 0);
    assert_int_equal(take(), -1);
}

static void test_virtqueue_segments(void **state)
{
    (void)state;
    grow(BIG);
    for (uint32_t i = 0; i < CHAIN_MAX; i++)
        desc(i, DATA_AT, 1, i < CHAIN_MAX - 1 ? NEXT : 0, (uint16_t)(i + 1));
    assert_int_equal(take(), 1);
    desc(CHAIN_MAX - 1, DATA_AT, 1, NEXT, CHAIN_MAX);
    desc(CHAIN_MAX, DATA_AT, 1, 0, 0);
    assert_int_equal(take(), -1);
}

static void test_virtqueue_index_jumps(void **state)
{
    (void)state;
    desc(0, DATA_AT, 16, 0, 0);
    guest_avail(&guest, 0)[1] = NUM + 1;
    assert_int_equal(queue_take(&queue, &chain), -1);
    done(NULL);
    fresh(NULL);
    guest_avail(&guest, 0)[1] = UINT16_MAX;
    assert_int_equal(queue_take(&queue, &chain), -1);
}

/* Indices run past 65535 and the rings' ends. */
static void test_virtqueue_wraps(void **state)
{
    (void)state;
    queue.event_idx = true;
    desc(0, DATA_AT, 16, WRITE, 0);
    for (uint32_t i = 0; i < 70000; i++) {
        guest_avail(&guest, 0)[2 + NUM] = (uint16_t)i;
        assert_int_equal(take(), 1);
        queue_use(&queue, chain.head, i);
        assert_true(queue_show(&queue));
        assert_int_equal(guest_used(&guest, 0)[1], (uint16_t)(i + 1));
        queue_notify(&queue, true);
        assert_int_equal(guest_used(&guest, 0)[2 + 4 * NUM],
                         guest_avail(&guest, 0)[1]);
    }
}

static void test_virtqueue_interrupts_when_asked(void **state)
{
    (void)state;
    queue.event_idx = true;
    desc(0, DATA_AT, 16, WRITE, 0);
    guest_avail(&guest, 0)[2 + NUM] = 1;
    assert_int_equal(take(), 1);
    queue_use(&queue, 0, 0);
    assert_false(queue_show(&queue));
    assert_int_equal(take(), 1);
    queue_use(&queue, 0, 0);
    assert_true(queue_show(&queue));
    queue.event_idx = false;
    guest_avail(&guest, 0)[0] = 1;
    assert_int_equal(take(), 1);
    queue_use(&queue, 0, 0);
    assert_false(queue_show(&queue));
}

static void test_virtqueue_untake(void **state)
{
    (void)state;
    desc(0, DATA_AT, 16, WRITE, 0);
    assert_int_equal(take(), 1);
    queue_untake(&queue, 1);
    assert_false(queue_empty(&queue));
    assert_int_equal(queue_take(&queue, &chain), 1);
    assert_true(queue_empty(&queue));
}

/* Whoever needs more than is offered gives back what it took and asks: the
 * driver tells of its next buffer, not of one that it has offered long ago. */
static void test_virtqueue_asks_for_more_than_offered(void **state)
{
    const uint16_t *event = guest_used(&guest, 0) + 2 + 4 * NUM;

    (void)state;
    queue.event_idx = true;
    desc(0, DATA_AT, 16, WRITE, 0);
    assert_int_equal(take(), 1);
    assert_int_equal(take(), 1);
    queue_untake(&queue, 2);
    queue_notify(&queue, true);
    assert_int_equal(*event, guest_avail(&guest, 0)[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_virtqueue_chain),
        TEST(test_virtqueue_place),
        TEST(test_virtqueue_loops),
        TEST(test_virtqueue_loops_on_itself),
        TEST(test_virtqueue_wild_numbers),
        TEST(test_virtqueue_wild_buffers),
        TEST(test_virtqueue_indirect),
        TEST(test_virtqueue_order),
        TEST(test_virtqueue_length),
        TEST(test_virtqueue_segments),
        TEST(test_virtqueue_index_jumps),
        TEST(test_virtqueue_wraps),
        TEST(test_virtqueue_interrupts_when_asked),
        TEST(test_virtqueue_untake),
        TEST(test_virtqueue_asks_for_more_than_offered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
