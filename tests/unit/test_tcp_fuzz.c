/* SPDX-License-Identifier: BSD-2-Clause */
/* Random segments, near and far from the right numbers: nothing breaks, the
 * books balance, memory stays bounded. */
/* sources: kernel/core/timer.c */
// sources: kernel/net/tcp/*.c
#include "tests/unit/tcp_net.h"

enum { PORT = 80, ROUNDS = 150000, CONNS = 8, PEERS = 12 };

static struct stream *conns[CONNS];
static uint32_t last_seq, last_ack, last_len, last_ts;
static uint16_t last_port;
static unsigned long nr_established, nr_out;

static bool capture(const struct ip_packet *p, const uint8_t *data)
{
    const uint8_t *h = p->head + IP_HEADROOM;
    struct tcp_options opt;

    (void)data;
    nr_out++;
    if (h[13] & TCP_RST)
        return true;
    last_port = (uint16_t)(h[2] << 8 | h[3]);
    last_seq = get32(h + 4);
    last_ack = get32(h + 8);
    last_len = p->payload_len + ((h[13] & (TCP_SYN | TCP_FIN)) != 0);
    options_parse(&opt, h + 20, p->tcp_len - 20);
    last_ts = opt.ts_val;
    return true;
}

static uint32_t near(uint32_t v)
{
    switch (rand() % 8) {
    case 0:
        return v + (uint32_t)(rand() % 3000) - 1500;
    case 1:
        return rand() % 10 ? v + (uint32_t)(rand() % 40) * 500
                           : (uint32_t)rand() * 3;
    default:
        return v;
    }
}

static unsigned add_options(uint8_t *h, unsigned len, uint8_t flags)
{
    if ((flags & TCP_SYN) && rand() % 4) {
        static const uint8_t opts[] = {2, 4, 5, 0xb4, 4, 2, 1, 1, 3, 3, 7, 1};

        memcpy(h + len, opts, sizeof(opts));
        len += sizeof(opts);
    }
    if (rand() % 8) {
        h[len] = 8, h[len + 1] = 10;
        put32(h + len + 2, (uint32_t)(now_ns / MS) + 5);
        put32(h + len + 6, near(last_ts));
        h[len + 10] = h[len + 11] = 1;
        len += 12;
    }
    if (!(flags & TCP_SYN) && rand() % 2 == 0) {
        unsigned n = 1 + (unsigned)rand() % 2;

        h[len] = 5, h[len + 1] = (uint8_t)(2 + 8 * n);
        for (unsigned i = 0; i < n; i++) {
            uint32_t from = near(last_seq) - (uint32_t)(rand() % 20000);

            put32(h + len + 2 + 8 * i, from);
            put32(h + len + 6 + 8 * i, from + (uint32_t)(rand() % 3000));
        }
        len += 2 + 8 * n;
        h[len] = h[len + 1] = 1;
        len += 2;
    }
    return len;
}

static void inject(void)
{
    static uint8_t data[70000];
    uint8_t h[80] = {0};
    uint8_t flags = rand() % 12 == 0   ? (uint8_t)rand()
                    : rand() % 40 == 0 ? TCP_SYN
                    : rand() % 60 == 0 ? TCP_ACK | TCP_FIN
                                       : TCP_ACK;
    uint16_t port = rand() % 6 ? last_port : (uint16_t)(5000 + rand() % PEERS);
    uint32_t len = rand() % 2 ? (uint32_t)(rand() % 4000) : 0;
    struct segment seg = {.src = addr4(1, 0), .dst = addr4(2, 0)};
    unsigned header;

    h[0] = (uint8_t)(port >> 8), h[1] = (uint8_t)port, h[3] = PORT;
    put32(h + 4, near(last_ack));
    put32(h + 8, near(last_seq + (rand() % 2 ? last_len : 0)));
    h[13] = flags;
    h[14] = rand() % 20 ? 200 : 0, h[15] = (uint8_t)(rand() % 3);
    header = add_options(h, 20, flags);
    if (rand() % 30 == 0)
        h[20 + rand() % 20] = (uint8_t)rand();
    h[12] = (uint8_t)(header / 4 << 4);
    seg.part[0] = data;
    seg.part_len[0] = len / 2;
    seg.part[1] = data + len / 2;
    seg.part_len[1] = len - len / 2;
    tcp_poll_begin();
    tcp_receive(&seg, h, header);
    tcp_batch_end();
}

static void check_sending(const struct conn *c)
{
    uint32_t sacked = 0, lost = 0, resent = 0, nr = 0, at = c->snd_una;

    list_for_each(pos, &c->records)
    {
        struct tx_record *r = container_of(pos, struct tx_record, node);
        uint32_t len = r->end - r->seq;

        assert_int_equal(r->seq, at);
        assert_true(len > 0);
        at = r->end;
        nr++;
        sacked += r->sacked ? len : 0;
        lost += r->lost ? len : 0;
        resent += r->resent ? len : 0;
    }
    assert_int_equal(nr, c->nr_records);
    if (c->state != STREAM_CLOSE && c->syn_acked)
        assert_int_equal(at, c->snd_nxt);
    if (c->sack_ok)
        assert_int_equal(sacked, c->sacked_bytes);
    assert_int_equal(lost, c->lost_bytes);
    assert_int_equal(resent, c->resent_bytes);
}

static void check_receiving(struct conn *c)
{
    uint32_t queued = 0, ahead = 0, at = c->rcv_nxt;

    list_for_each(pos, &c->rx) queued +=
        container_of(pos, struct rx_buf, node)->len;
    assert_int_equal(queued, c->rx_bytes + c->rx_off);
    list_for_each(pos, &c->rx_ooo)
    {
        struct rx_buf *b = container_of(pos, struct rx_buf, node);

        assert_true(seq_leq(at, b->seq) && b->seq != c->rcv_nxt);
        at = b->seq + b->len;
        ahead += b->len;
    }
    assert_int_equal(ahead, c->ooo_bytes);
    assert_true(c->rx_bytes <= 2 * c->rcvbuf + 65536);
}

static void use(struct stream **s)
{
    static uint8_t data[9000];
    const void *p;
    size_t n = stream_peek(*s, 0, &p);

    if (n && rand() % 2)
        stream_consume(*s, 1 + (size_t)rand() % n);
    if (rand() % 3 == 0)
        write_some(*s, data, (size_t)(rand() % (int)sizeof(data)));
    if (rand() % 300 == 0)
        stream_shutdown(*s);
    if (rand() % 50 == 0)
        stream_set(*s, NET_OPT_CONGESTION, rand() % 3);
    check_sending(&(*s)->conn);
    check_receiving(&(*s)->conn);
    if ((stream_ready(*s) & NET_CLOSED) || rand() % 400 == 0) {
        stream_close(*s, rand() % 2);
        *s = NULL;
    }
}

static void test_tcp_fuzz(void **state)
{
    struct stream *l, *s;

    (void)state;
    srand(11);
    wire.tap = capture;
    wire.cuts = true;
    l = listen_on(2, PORT);
    for (unsigned i = 0; i < ROUNDS; i++) {
        inject();
        while ((s = stream_accept(l))) {
            struct stream **slot = &conns[rand() % CONNS];

            if (*slot)
                stream_close(*slot, false);
            *slot = s;
            nr_established++;
        }
        for (unsigned k = 0; k < CONNS; k++)
            if (conns[k])
                use(&conns[k]);
        now_ns += (uint64_t)(rand() % 4000) * 1000;
        if (rand() % 500 == 0)
            now_ns += 3 * NSEC_PER_SEC;
        timer_run();
    }
    print_message("%lu connections, %lu segments sent\n", nr_established,
                  nr_out);
    assert_true(nr_established > 100);
    for (unsigned k = 0; k < CONNS; k++)
        if (conns[k])
            stream_close(conns[k], true);
    stream_close(l, false);
    run_for(2000 * NSEC_PER_SEC);
    assert_true(list_empty(&streams));
    assert_true(!tcp_memory_tight());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp_fuzz),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
