/* SPDX-License-Identifier: BSD-2-Clause */
/* Two TCPs over a bad wire: whatever it does, the bytes arrive. */
// sources: kernel/core/timer.c kernel/net/tcp/*.c
#include "tests/unit/tcp_net.h"

enum { PORT = 80, WRITE_MAX = 5000 };

struct side {
    struct stream *s;
    size_t written, read, total;
    uint8_t seed;
    bool finished, ended;
};

static uint8_t byte_at(const struct side *side, size_t i)
{
    return (uint8_t)(i * 7 + i / 253 + side->seed);
}

/* Memory on loan, gone as soon as it is given back. */
struct lent {
    struct loan loan;
    uint8_t data[];
};

static unsigned nr_lent;

static void lent_end(struct loan *loan)
{
    nr_lent--;
    free(container_of(loan, struct lent, loan));
}

static size_t lend_some(struct side *side, size_t want)
{
    struct lent *l = malloc(sizeof(*l) + want);
    size_t n;

    l->loan = (struct loan){.refs = 1, .end = lent_end};
    nr_lent++;
    for (size_t i = 0; i < want; i++)
        l->data[i] = byte_at(side, side->written + i);
    n = stream_lend(side->s, l->data, want, &l->loan, rand() % 2);
    loan_put(&l->loan);
    return n;
}

static size_t copy_some(struct side *side, size_t want)
{
    uint8_t buf[WRITE_MAX];

    for (size_t i = 0; i < want; i++)
        buf[i] = byte_at(side, side->written + i);
    return write_some(side->s, buf, want);
}

static void pump_out(struct side *side)
{
    size_t want = side->total - side->written;

    if (want > WRITE_MAX)
        want = 1 + (size_t)rand() % WRITE_MAX;
    if (want && rand() % 2)
        side->written += lend_some(side, want);
    else
        side->written += copy_some(side, want);
    if (side->written == side->total && !side->finished) {
        side->finished = true;
        stream_shutdown(side->s);
    }
}

static void pump_in(struct side *side, const struct side *from)
{
    const void *p;
    size_t n;

    while ((n = stream_peek(side->s, 0, &p)) > 0) {
        for (size_t i = 0; i < n; i++)
            if (((const uint8_t *)p)[i] != byte_at(from, side->read + i))
                fail_msg("byte %zu is wrong", side->read + i);
        side->read += n;
        stream_consume(side->s, n);
        if (rand() % 4 == 0)
            break;
    }
    if (stream_ready(side->s) & NET_EOF && !stream_unread_bytes(side->s))
        side->ended = true;
}

static struct stream *pair(struct stream **client)
{
    struct stream *l = listen_on(2, PORT), *s = NULL;

    *client = connect_to(2, PORT);
    for (unsigned i = 0; i < 100 && !s; i++) {
        run_for(500 * MS);
        s = stream_accept(l);
    }
    assert_non_null(s);
    stream_close(l, false);
    return s;
}

/* What both sides ask for: enum net_congestion. */
static int congestion = NET_CONGESTION_CUBIC;

/* Both sides send; returns the time that it took. */
static uint64_t transfer(size_t up, size_t down)
{
    struct side a = {.total = up, .seed = 3}, b = {.total = down, .seed = 9};
    uint64_t start, limit;

    b.s = pair(&a.s);
    assert_int_equal(stream_set(a.s, NET_OPT_CONGESTION, congestion), 0);
    assert_int_equal(stream_set(b.s, NET_OPT_CONGESTION, congestion), 0);
    start = now_ns;
    limit = now_ns + 3600 * NSEC_PER_SEC;
    while ((!a.ended || !b.ended) && now_ns < limit) {
        pump_out(&a);
        pump_out(&b);
        pump_in(&a, &b);
        pump_in(&b, &a);
        if (!wire_step(now_ns + 10 * MS) && rand() % 2)
            run_for(MS);
    }
    assert_int_equal(a.read, down);
    assert_int_equal(b.read, up);
    assert_int_equal(stream_take_error(a.s), 0);
    limit = now_ns;
    stream_close(a.s, false);
    stream_close(b.s, false);
    run_for(200 * NSEC_PER_SEC);
    assert_true(list_empty(&streams));
    assert_int_equal(nr_lent, 0);
    return limit - start;
}

static void test_tcp_link_clean(void **state)
{
    (void)state;
    wire.delay_ns = 5 * MS;
    for (unsigned cuts = 0; cuts < 2; cuts++) {
        wire.cuts = cuts;
        nr_lost = 0;
        transfer(3000000, 100000);
        transfer(0, 1);
        transfer(1, 0);
    }
}

static void test_tcp_link_lossy(void **state)
{
    (void)state;
    wire.delay_ns = 20 * MS;
    for (unsigned i = 0; i < 6; i++) {
        wire.cuts = i & 1;
        wire.lose = 10 + i * 30;
        wire.reorder = i * 20;
        wire.twice = i * 10;
        congestion = i / 2 % 2 ? NET_CONGESTION_BBR : NET_CONGESTION_CUBIC;
        transfer(400000 + i * 1000, 150000);
    }
    congestion = NET_CONGESTION_CUBIC;
    wire.lose = wire.reorder = wire.twice = 0;
}

/* CUBIC needs no more than a few times what the loss allows in theory; lost
 * packets are sent again once, not by timeouts. */
static void test_tcp_link_recovers_without_timeouts(void **state)
{
    uint64_t took;
    unsigned long before;

    (void)state;
    srand(7);
    wire.delay_ns = 25 * MS;
    wire.cuts = true;
    wire.lose = 10;
    before = nr_sent;
    took = transfer(10000000, 0);
    wire.lose = 0;
    print_message("10 MB, 1%% loss, 50 ms: %lu ms, %lu packets\n",
                  (unsigned long)(took / MS), nr_sent - before);
    /* 1.2 MSS / (RTT sqrt(p)) is 350 kB/s for Reno. */
    assert_true(took < 30 * NSEC_PER_SEC);
}

/* BBR takes the same losses for what they are. */
static void test_tcp_link_bbr_does_not_slow_down_for_losses(void **state)
{
    uint64_t took[2];

    (void)state;
    srand(7);
    wire.delay_ns = 25 * MS;
    wire.cuts = true;
    wire.lose = 10;
    for (int i = 0; i < 2; i++) {
        congestion = i ? NET_CONGESTION_BBR : NET_CONGESTION_CUBIC;
        took[i] = transfer(20000000, 0);
    }
    congestion = NET_CONGESTION_CUBIC;
    wire.lose = 0;
    print_message("20 MB, 1%% loss, 50 ms: CUBIC %lu ms, BBR %lu ms\n",
                  (unsigned long)(took[0] / MS), (unsigned long)(took[1] / MS));
    assert_true(took[1] < took[0] / 5);
}

/* Asked for where a round trip takes less than a microsecond. */
static void test_tcp_link_bbr_on_the_shortest_path(void **state)
{
    (void)state;
    congestion = NET_CONGESTION_BBR;
    for (wire.delay_ns = 0; wire.delay_ns < 1200; wire.delay_ns += 300)
        transfer(1000000, 10000);
    congestion = NET_CONGESTION_CUBIC;
}

/* A slow hop with a short queue: the first window that overflows it costs many
 * packets at once, and neither control leaves the path empty after that. */
static void test_tcp_link_fills_a_slow_hop(void **state)
{
    enum { BYTES = 40000000, PACKET_US = 60, ROOM = 300 };
    uint64_t ideal = BYTES / 1448 * PACKET_US * 1000ull;

    (void)state;
    srand(7);
    wire.delay_ns = 25 * MS;
    wire.ns_each = PACKET_US * 1000;
    wire.room = ROOM;
    wire.cuts = true;
    for (int i = 0; i < 2; i++) {
        uint64_t took;

        congestion = i ? NET_CONGESTION_BBR : NET_CONGESTION_CUBIC;
        nr_lost = 0;
        took = transfer(BYTES, 0);
        print_message("%s: %lu ms, %lu without TCP, %lu packets lost\n",
                      i ? "BBR" : "CUBIC", (unsigned long)(took / MS),
                      (unsigned long)(ideal / MS), nr_lost);
        assert_true(took < ideal * 2);
    }
    congestion = NET_CONGESTION_CUBIC;
    wire.ns_each = 0;
}

/* A far connection gets BBR by itself, a near one and who asks do not. */
static void test_tcp_link_chooses_by_distance(void **state)
{
    static const struct {
        uint64_t delay_ns;
        int asked, got;
    } cases[] = {
        {20 * MS, NET_CONGESTION_AUTO, NET_CONGESTION_BBR},
        {MS / 10, NET_CONGESTION_AUTO, NET_CONGESTION_CUBIC},
        {20 * MS, NET_CONGESTION_CUBIC, NET_CONGESTION_CUBIC},
        {MS / 10, NET_CONGESTION_BBR, NET_CONGESTION_BBR},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct stream *l = listen_on(2, PORT), *s[2];
        int got;

        wire.delay_ns = cases[i].delay_ns;
        assert_int_equal(stream_set(l, NET_OPT_CONGESTION, cases[i].asked), 0);
        s[0] = connect_to(2, PORT);
        assert_int_equal(stream_set(s[0], NET_OPT_CONGESTION, cases[i].asked),
                         0);
        run_for(200 * MS);
        s[1] = stream_accept(l);
        for (unsigned k = 0; k < 2; k++) {
            assert_int_equal(stream_get(s[k], NET_OPT_CONGESTION, &got), 0);
            assert_int_equal(got, cases[i].got);
            stream_close(s[k], true);
        }
        stream_close(l, false);
        run_for(NSEC_PER_SEC);
    }
}

static void test_tcp_link_reordering_alone_costs_little(void **state)
{
    unsigned long before = nr_sent, needed = 3000000 / 1448 * 3 / 2;

    (void)state;
    wire.delay_ns = 10 * MS;
    wire.reorder = 50;
    transfer(3000000, 0);
    wire.reorder = 0;
    print_message("%lu packets\n", nr_sent - before);
    assert_true(nr_sent - before < needed * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp_link_clean),
        cmocka_unit_test(test_tcp_link_lossy),
        cmocka_unit_test(test_tcp_link_recovers_without_timeouts),
        cmocka_unit_test(test_tcp_link_bbr_does_not_slow_down_for_losses),
        cmocka_unit_test(test_tcp_link_bbr_on_the_shortest_path),
        cmocka_unit_test(test_tcp_link_fills_a_slow_hop),
        cmocka_unit_test(test_tcp_link_chooses_by_distance),
        cmocka_unit_test(test_tcp_link_reordering_alone_costs_little),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
