/* SPDX-License-Identifier: BSD-2-Clause */
/* Much data over a short path: when the writer runs, and in what packets. */
// sources: kernel/core/timer.c kernel/net/tcp/*.c
#include "tests/unit/tcp_net.h"

enum {
    PORT = 80,
    BLOCK = 128 << 10,
    TOTAL = 16 << 20,
    FULL = 60000,
    TINY = 40000
};

static unsigned nr_full, nr_short, nr_told;
static uint8_t block[BLOCK];

static bool count(const struct ip_packet *p, const uint8_t *data)
{
    (void)data;
    nr_full += p->payload_len >= FULL;
    nr_short += p->payload_len && p->payload_len < FULL;
    return false;
}

static void told(struct net_owner *owner, unsigned changed)
{
    (void)owner;
    nr_told += (changed & NET_WRITABLE) != 0;
}

static void drain(struct stream *s, size_t *got)
{
    const void *p;
    size_t n;

    while ((n = stream_peek(s, 0, &p)) > 0) {
        stream_consume(s, n);
        *got += n;
    }
}

static void connect_pair(struct stream *pair[2])
{
    static struct net_owner owner = {.event = told};
    struct stream *l = listen_on(2, PORT);

    pair[0] = connect_to(2, PORT);
    run_for(10 * MS);
    pair[1] = stream_accept(l);
    assert_non_null(pair[1]);
    stream_close(l, false);
    stream_set_owner(pair[0], &owner);
}

static void close_pair(struct stream *pair[2])
{
    stream_close(pair[0], false);
    stream_close(pair[1], false);
    run_for(200 * NSEC_PER_SEC);
    assert_true(list_empty(&streams));
}

/* Writes blocks; sleeps when there is no room, until it is told of some. */
static void transfer(struct stream *pair[2], unsigned reader_sleeps)
{
    size_t written = 0, in_block = 0, got = 0;
    unsigned step = 0, seen = 0;
    bool waits = false;

    while (got < TOTAL) {
        if (waits && nr_told != seen)
            waits = false;
        seen = nr_told;
        if (!waits && written < TOTAL) {
            size_t n = write_some(pair[0], block, BLOCK - in_block);

            written += n;
            in_block = (in_block + n) % BLOCK;
            waits = in_block != 0;
        }
        if (!wire_step(now_ns + MS) && waits)
            assert_int_not_equal(nr_told, seen); /* else: for ever */
        if (step++ % (reader_sleeps + 1) == 0)
            drain(pair[1], &got);
    }
    assert_int_equal(got, TOTAL);
}

static void test_tcp_bulk_writer_is_told(void **state)
{
    struct stream *pair[2];

    (void)state;
    for (unsigned i = 0; i < 60; i += 7) {
        connect_pair(pair);
        transfer(pair, i);
        close_pair(pair);
    }
}

/* The ends of blocks wait for the next block while much is in flight, but not
 * for long if there is none. */
static void test_tcp_bulk_packets_are_full(void **state)
{
    struct stream *pair[2];
    size_t got = 0;

    (void)state;
    connect_pair(pair);
    transfer(pair, 0); /* opens the windows */
    run_for(100 * MS);
    nr_full = nr_short = 0;
    assert_int_equal(write_some(pair[0], block, BLOCK), BLOCK);
    assert_int_equal(write_some(pair[0], block, BLOCK), BLOCK);
    assert_int_equal(nr_short, 0);
    assert_int_equal(nr_full, 2 * BLOCK / FULL);
    for (unsigned i = 0; i < 1000; i++) {
        wire_step(now_ns + MS / 100);
        drain(pair[1], &got);
    }
    assert_int_equal(got, 2 * BLOCK);
    close_pair(pair);
}

/* Bytes that came one by one and are not read take little more memory than
 * themselves: 4 MB, the least that all connections may have, are far away. */
static void test_tcp_bulk_tiny_segments(void **state)
{
    struct stream *pair[2];
    size_t got = 0;

    (void)state;
    connect_pair(pair);
    stream_set(pair[0], NET_OPT_NODELAY, 1);
    for (unsigned i = 0; i < TINY; i++) {
        assert_int_equal(write_some(pair[0], block, 1), 1);
        if (i % 100 == 0)
            run_for(MS);
    }
    run_for(100 * MS);
    assert_int_equal(stream_unread_bytes(pair[1]), TINY);
    assert_false(tcp_memory_tight());
    drain(pair[1], &got);
    assert_int_equal(got, TINY);
    close_pair(pair);
}

static int setup(void **state)
{
    (void)state;
    wire.cuts = true;
    wire.delay_ns = MS / 20;
    wire.tap = count;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp_bulk_writer_is_told),
        cmocka_unit_test(test_tcp_bulk_packets_are_full),
        cmocka_unit_test(test_tcp_bulk_tiny_segments),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
