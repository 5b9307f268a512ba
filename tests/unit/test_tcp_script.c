/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments in, segments out: tables of what must happen, step by step. */
/* sources: kernel/core/timer.c */
// sources: kernel/net/tcp/*.c
#include "tests/unit/tcp_net.h"

#include <errno.h>

enum { PORT = 80, PEER_PORT = 5000, MSS = 1448, PEER_ISN = 9000 };
enum { F = TCP_FIN, S = TCP_SYN, R = TCP_RST, P = TCP_PSH, A = TCP_ACK };

/* What happened on the wire, numbers relative to both ends' first ones. */
struct seen {
    uint8_t flags;
    uint32_t seq, ack, len;
    uint16_t window;
    struct tcp_options opt;
};

static struct seen seen[512];
static unsigned nr_seen, nr_checked;
static uint32_t our_isn, peer_ts;

static bool capture(const struct ip_packet *p, const uint8_t *data)
{
    const uint8_t *h = p->head + IP_HEADROOM;
    struct seen *s = &seen[nr_seen % 512];

    (void)data;
    s->flags = h[13];
    s->len = p->payload_len;
    if (s->flags & TCP_SYN)
        our_isn = get32(h + 4);
    s->seq = get32(h + 4) - our_isn;
    s->ack = s->flags & TCP_ACK ? get32(h + 8) - PEER_ISN : 0;
    s->window = (uint16_t)(h[14] << 8 | h[15]);
    options_parse(&s->opt, h + 20, p->tcp_len - 20);
    nr_seen++;
    return true;
}

struct in {
    uint8_t flags;
    uint32_t seq, len, ack;
    uint16_t window; /* 0: 60000 */
    bool shut;       /* the window is 0 */
    bool no_ts;
    uint32_t ts_back;      /* so much older */
    struct seq_range sack; /* relative to ours */
    uint16_t port;         /* 0: PEER_PORT */
};

static void inject(const struct in *in)
{
    static uint8_t data[65536];
    uint8_t h[60] = {0};
    unsigned len = 20;
    struct segment seg = {.src = addr4(1, 0), .dst = addr4(2, 0)};
    uint16_t port = in->port ? in->port : PEER_PORT;
    uint16_t window = in->shut ? 0 : in->window ? in->window : 60000;

    h[0] = (uint8_t)(port >> 8), h[1] = (uint8_t)port, h[3] = PORT;
    put32(h + 4, PEER_ISN + in->seq);
    put32(h + 8, our_isn + in->ack);
    h[13] = in->flags;
    h[14] = (uint8_t)(window >> 8), h[15] = (uint8_t)window;
    if (in->flags & TCP_SYN) {
        static const uint8_t opts[] = {2, 4, 5, 0xb4, 4, 2, 1, 1, 3, 3, 7, 1};

        memcpy(h + len, opts, sizeof(opts));
        len += sizeof(opts);
    }
    if (!in->no_ts) {
        h[len] = 8, h[len + 1] = 10;
        put32(h + len + 2, peer_ts - in->ts_back);
        put32(h + len + 6, nr_seen ? seen[(nr_seen - 1) % 512].opt.ts_val : 0);
        h[len + 10] = h[len + 11] = 1;
        len += 12;
    }
    if (in->sack.end) {
        h[len] = 5, h[len + 1] = 10;
        put32(h + len + 2, our_isn + in->sack.start);
        put32(h + len + 6, our_isn + in->sack.end);
        h[len + 10] = h[len + 11] = 1;
        len += 12;
    }
    h[12] = (uint8_t)(len / 4 << 4);
    seg.part[0] = seg.part[1] = data;
    seg.part_len[0] = in->len;
    tcp_poll_begin();
    tcp_receive(&seg, h, len);
    tcp_batch_end();
}

#define IN(...) inject(&(struct in){__VA_ARGS__})

/* The next segment that went out, within so many milliseconds. */
static struct seen *next_out(unsigned ms)
{
    uint64_t end = now_ns + ms * MS;

    tcp_poll_begin();
    while (nr_checked == nr_seen && wire_step(end))
        ;
    if (nr_checked == nr_seen)
        fail_msg("nothing was sent within %u ms", ms);
    return &seen[nr_checked++ % 512];
}

static struct seen *out(unsigned ms, uint8_t flags, uint32_t seq, uint32_t len,
                        uint32_t ack)
{
    struct seen *s = next_out(ms);

    if ((s->flags & ~P) != (flags & ~P) || s->seq != seq || s->len != len ||
        (s->ack != ack && (flags & A)))
        fail_msg("got flags %x seq %u len %u ack %u, not %x %u %u %u", s->flags,
                 s->seq, s->len, s->ack, flags, seq, len, ack);
    return s;
}

static void quiet(unsigned ms)
{
    tcp_poll_begin();
    run_for(ms * MS);
    if (nr_seen != nr_checked)
        fail_msg("sent: flags %x seq %u len %u ack %u",
                 seen[nr_checked % 512].flags, seen[nr_checked % 512].seq,
                 seen[nr_checked % 512].len, seen[nr_checked % 512].ack);
}

static void send_bytes(struct stream *s, size_t len)
{
    static uint8_t data[200000];

    assert_int_equal(write_some(s, data, len), len);
}

static void read_all(struct stream *s)
{
    const void *p;
    size_t n;

    while ((n = stream_peek(s, 0, &p)))
        stream_consume(s, n);
}

static void begin(void)
{
    wire.tap = capture;
    nr_seen = nr_checked = 0;
    peer_ts += 100000;
    now_ns += 100 * NSEC_PER_SEC;
}

/* A peer connects; round trips take 20 ms. */
static struct stream *accepted(struct stream **listener)
{
    struct stream *s;

    begin();
    *listener = listen_on(2, PORT);
    /* Pacing would keep the second packet of a burst for later. */
    assert_int_equal(
        stream_set(*listener, NET_OPT_CONGESTION, NET_CONGESTION_CUBIC), 0);
    IN(S, 0);
    out(0, S | A, 0, 0, 1);
    now_ns += 20 * MS;
    IN(A, 1, 0, 1);
    s = stream_accept(*listener);
    assert_non_null(s);
    assert_int_equal(stream_state(s), STREAM_ESTABLISHED);
    quiet(1);
    return s;
}

static void end(struct stream *s, struct stream *listener)
{
    stream_close(s, true);
    stream_close(listener, false);
    assert_true(list_empty(&streams));
    run_for(100 * NSEC_PER_SEC); /* TIME_WAIT */
    wire.tap = NULL;
}

static void test_tcp_script_handshake_options(void **state)
{
    struct stream *l, *s = accepted(&l);
    const struct seen *syn = &seen[0];

    (void)state;
    assert_int_equal(syn->opt.mss, 1460);
    assert_true(syn->opt.has_ts && syn->opt.has_scale);
    assert_true(syn->opt.sack_permitted);
    assert_int_equal(syn->opt.ts_ecr, peer_ts);
    end(s, l);
}

static void test_tcp_script_syn_ack_is_repeated(void **state)
{
    struct stream *l;

    (void)state;
    begin();
    l = listen_on(2, PORT);
    IN(S, 0);
    out(0, S | A, 0, 0, 1);
    quiet(900);
    out(200, S | A, 0, 0, 1);
    quiet(1900);
    out(200, S | A, 0, 0, 1);
    IN(R, 1); /* the peer has lost interest */
    quiet(20000);
    IN(S, 0);
    out(0, S | A, 0, 0, 1);
    IN(A, 1, 0, 77); /* not what we sent */
    out(0, R, 77, 0, 0);
    assert_null(stream_accept(l));
    stream_close(l, false);
    quiet(20000);
    wire.tap = NULL;
}

static void test_tcp_script_sack_recovers_at_once(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    send_bytes(s, 10 * MSS);
    for (unsigned i = 0; i < 10; i++)
        out(0, A, 1 + i * MSS, MSS, 1);
    now_ns += 20 * MS;
    IN(A, 1, 0, 1, .sack = {1 + MSS, 1 + 2 * MSS});
    IN(A, 1, 0, 1, .sack = {1 + MSS, 1 + 3 * MSS});
    IN(A, 1, 0, 1, .sack = {1 + MSS, 1 + 4 * MSS});
    out(6, A, 1, MSS, 1); /* the first one, and only it */
    quiet(10);
    IN(A, 1, 0, 1 + 10 * MSS);
    quiet(1000);
    assert_int_equal(stream_unsent_bytes(s), 0);
    end(s, l);
}

static void test_tcp_script_probe_then_timeout(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    send_bytes(s, 2 * MSS);
    out(0, A, 1, MSS, 1);
    out(0, A, 1 + MSS, MSS, 1);
    quiet(39);
    out(10, A, 1 + MSS, MSS, 1); /* tail loss probe: twice the RTT */
    quiet(190);
    out(100, A, 1, MSS, 1); /* RTO: RTT and 200 ms */
    quiet(380);
    out(100, A, 1, MSS, 1); /* doubled */
    IN(A, 1, 0, 1 + 2 * MSS);
    quiet(2000);
    end(s, l);
}

static void test_tcp_script_resets(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    IN(R, 100000000); /* outside: nothing */
    quiet(10);
    IN(R, 50); /* inside, but not exact: RFC 5961 */
    out(0, A, 1, 0, 1);
    IN(S, 60);
    quiet(10); /* rate limited */
    run_for(NSEC_PER_SEC);
    IN(S, 60);
    out(0, A, 1, 0, 1);
    run_for(NSEC_PER_SEC);
    IN(A, 1, 0, 500000); /* an acknowledgement of what was not sent */
    out(0, A, 1, 0, 1);
    assert_int_equal(stream_state(s), STREAM_ESTABLISHED);
    IN(R, 1);
    assert_int_equal(stream_state(s), STREAM_CLOSE);
    assert_int_equal(stream_take_error(s), ECONNRESET);
    quiet(10);
    end(s, l);
}

static void test_tcp_script_paws(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    IN(A | P, 1, 100, 1, .ts_back = 50);
    out(0, A, 1, 0, 1);
    assert_int_equal(stream_unread_bytes(s), 0);
    IN(A | P, 1, 100, 1);
    assert_int_equal(stream_unread_bytes(s), 100);
    read_all(s);
    out(0, A, 1, 0, 101);
    end(s, l);
}

static void test_tcp_script_holes_are_reported(void **state)
{
    struct stream *l, *s = accepted(&l);
    struct seen *a;

    (void)state;
    IN(A, 1 + 1000, 1000, 1);
    a = out(0, A, 1, 0, 1);
    assert_int_equal(a->opt.nr_sack, 1);
    assert_int_equal(a->opt.sack[0].start - PEER_ISN, 1001);
    assert_int_equal(a->opt.sack[0].end - PEER_ISN, 2001);
    IN(A, 1 + 4000, 500, 1);
    a = out(0, A, 1, 0, 1);
    assert_int_equal(a->opt.nr_sack, 2); /* the newest first */
    assert_int_equal(a->opt.sack[0].start - PEER_ISN, 4001);
    assert_int_equal(a->opt.sack[1].start - PEER_ISN, 1001);
    IN(A, 1 + 1000, 1000, 1); /* again: a duplicate, RFC 2883 */
    a = out(0, A, 1, 0, 1);
    assert_int_equal(a->opt.sack[0].start - PEER_ISN, 1001);
    assert_int_equal(a->opt.sack[0].end - PEER_ISN, 2001);
    IN(A, 1, 1000, 1);
    a = out(0, A, 1, 0, 2001);
    assert_int_equal(a->opt.nr_sack, 1);
    assert_int_equal(stream_unread_bytes(s), 2000);
    IN(A, 2001, 3000, 1); /* overlaps the rest */
    out(0, A, 1, 0, 5001);
    assert_int_equal(stream_unread_bytes(s), 5000);
    end(s, l);
}

static void test_tcp_script_shut_window_is_probed(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    send_bytes(s, 1000);
    out(0, A, 1, 1000, 1);
    IN(A, 1, 0, 1001, .shut = true);
    send_bytes(s, 2000);
    quiet(150);
    out(2000, A, 1000, 0, 1); /* an old number */
    IN(A, 1, 0, 1001, .shut = true);
    out(2000, A, 1000, 0, 1);
    IN(A, 1, 0, 1001, .window = 10); /* 1,280 bytes: not worth it yet */
    out(2000, A, 1001, 1280, 1);
    IN(A, 1, 0, 2281, .window = 12);
    out(0, A, 2281, 720, 1);
    end(s, l);
}

static void test_tcp_script_full_buffer_shuts_the_window(void **state)
{
    struct stream *l, *s = accepted(&l);
    uint32_t seq = 1, window = 1;

    (void)state;
    stream_set(s, NET_OPT_RCVBUF, 20000);
    for (unsigned i = 0; i < 100 && window; i++) {
        IN(A, seq, 1000, 1);
        tcp_poll_begin();
        run_for(50 * MS);
        window = seen[(nr_seen - 1) % 512].window;
        seq = seen[(nr_seen - 1) % 512].ack;
    }
    assert_int_equal(window, 0);
    nr_checked = nr_seen;
    IN(A, seq, 1, 1); /* a probe is answered, not taken */
    assert_int_equal(out(0, A, 1, 0, seq)->window, 0);
    read_all(s);
    assert_true(out(0, A, 1, 0, seq)->window > 0);
    end(s, l);
}

static void test_tcp_script_nagle_and_cork(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    send_bytes(s, 10);
    out(0, A, 1, 10, 1);
    send_bytes(s, 10);
    quiet(10); /* waits for the first one's acknowledgement */
    IN(A, 1, 0, 11);
    out(0, A, 11, 10, 1);
    stream_set(s, NET_OPT_NODELAY, 1);
    send_bytes(s, 10);
    out(0, A, 21, 10, 1);
    IN(A, 1, 0, 31);
    stream_set(s, NET_OPT_CORK, 1);
    send_bytes(s, MSS + 10);
    out(0, A, 31, MSS, 1);
    IN(A, 1, 0, 31 + MSS);
    quiet(150);
    out(100, A, 31 + MSS, 10, 1); /* not for ever */
    send_bytes(s, 5);
    IN(A, 1, 0, 41 + MSS);
    quiet(10);
    stream_set(s, NET_OPT_CORK, 0);
    out(0, A, 41 + MSS, 5, 1);
    end(s, l);
}

static void test_tcp_script_acknowledges_with_answers(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    IN(A | P, 1, 100, 1);
    read_all(s);
    send_bytes(s, 50); /* before devices are looked at again */
    out(0, A, 1, 50, 101);
    quiet(10);
    IN(A | P, 101, 100, 51);
    quiet(35); /* an answer is awaited */
    out(10, A, 51, 0, 201);
    end(s, l);
}

/* What is not read yet may still be answered; but 40 ms later at most. */
static void test_tcp_script_acknowledges_after_reading(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    IN(A | P, 1, 100, 1);
    quiet(30);
    read_all(s); /* without an answer */
    out(0, A, 1, 0, 101);
    quiet(100);
    IN(A | P, 101, 100, 1);
    quiet(39);
    out(2, A, 1, 0, 201);
    read_all(s);
    quiet(100);
    end(s, l);
}

/* What was refused goes later, even if nobody says that there is room. */
static void test_tcp_script_refused_packets_go_later(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    wire.full = true;
    send_bytes(s, 100);
    quiet(5);
    wire.full = false;
    out(1500, A, 1, 100, 1);
    IN(A, 1, 0, 101);
    wire.full = true;
    stream_shutdown(s);
    wire.full = false;
    out(1500, A | F, 101, 0, 1);
    end(s, l);
}

static void test_tcp_script_keepalive(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    stream_set(s, NET_OPT_KEEPIDLE, 10);
    stream_set(s, NET_OPT_KEEPINTVL, 2);
    stream_set(s, NET_OPT_KEEPCNT, 3);
    stream_set(s, NET_OPT_KEEPALIVE, 1);
    quiet(9000);
    out(1500, A, 0, 0, 1);
    IN(A, 1, 0, 1);
    quiet(9000);
    out(1500, A, 0, 0, 1);
    out(2500, A, 0, 0, 1);
    out(2500, A, 0, 0, 1);
    out(2500, R | A, 1, 0, 1);
    assert_int_equal(stream_take_error(s), ETIMEDOUT);
    end(s, l);
}

static void test_tcp_script_they_close_first(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    IN(A | F, 1, 10, 1);
    out(0, A, 1, 0, 12);
    assert_int_equal(stream_state(s), STREAM_CLOSE_WAIT);
    read_all(s);
    send_bytes(s, 5);
    out(0, A, 1, 5, 12);
    stream_shutdown(s);
    out(0, A | F, 6, 0, 12);
    assert_int_equal(stream_state(s), STREAM_LAST_ACK);
    IN(A, 12, 0, 7);
    assert_int_equal(stream_state(s), STREAM_CLOSE);
    IN(A, 12, 0, 7); /* nothing is left */
    out(0, R, 7, 0, 0);
    end(s, l);
}

static void test_tcp_script_we_close_first(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    stream_shutdown(s);
    out(0, A | F, 1, 0, 1);
    out(400, A | F, 1, 0, 1); /* lost: again */
    IN(A, 1, 0, 2);
    assert_int_equal(stream_state(s), STREAM_FIN_WAIT2);
    IN(A | F, 1, 3, 2);
    out(0, A, 2, 0, 5);
    assert_int_equal(stream_unread_bytes(s), 3);
    IN(A | F, 1, 3, 2); /* ours was lost */
    out(0, A, 2, 0, 5);
    IN(S, 2, .ts_back = 5000); /* old: refused */
    out(0, A, 2, 0, 5);
    peer_ts += 1000;
    IN(S, 0); /* a new connection: RFC 6191 */
    out(0, S | A, 0, 0, 1);
    IN(R, 1);
    end(s, l);
}

static void test_tcp_script_both_close_at_once(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    stream_shutdown(s);
    out(0, A | F, 1, 0, 1);
    IN(A | F, 1, 0, 1);
    out(0, A, 2, 0, 2);
    assert_int_equal(stream_state(s), STREAM_CLOSING);
    IN(A, 2, 0, 2);
    assert_int_equal(stream_state(s), STREAM_CLOSE);
    end(s, l);
}

static void test_tcp_script_data_nobody_reads_is_refused(void **state)
{
    struct stream *l, *s = accepted(&l);

    (void)state;
    stream_close(s, false);
    out(0, A | F, 1, 0, 1);
    IN(A, 1, 0, 2);
    IN(A | P, 1, 10, 2);
    out(0, R | A, 2, 0, 1);
    stream_close(l, false);
    assert_true(list_empty(&streams));
    wire.tap = NULL;
}

static void test_tcp_script_path_mtu(void **state)
{
    struct stream *l, *s = accepted(&l);
    struct net_addr local = addr4(2, PORT), remote = addr4(1, PEER_PORT);

    (void)state;
    send_bytes(s, MSS);
    out(0, A, 1, MSS, 1);
    tcp_icmp_error(&local, &remote, our_isn + 90000, EHOSTUNREACH, 1000);
    quiet(1); /* not about what is in flight: forged */
    tcp_icmp_error(&local, &remote, our_isn + 1, EHOSTUNREACH, 1000);
    out(0, A, 1, 948, 1);
    out(0, A, 949, 500, 1);
    end(s, l);
}

static void test_tcp_script_connect_refused_or_silent(void **state)
{
    struct stream *s;

    (void)state;
    begin();
    s = stream_new(NET_V4, false);
    {
        struct net_addr to = addr4(1, PEER_PORT), from = addr4(2, PORT);

        assert_int_equal(stream_bind(s, &from), 0);
        assert_int_equal(stream_connect(s, &to), 0);
        out(0, S, 0, 0, 0);
        IN(R | A, 0, 0, 55); /* not about our SYN */
        assert_int_equal(stream_state(s), STREAM_SYN_SENT);
        IN(R | A, 0, 0, 1);
        assert_int_equal(stream_take_error(s), ECONNREFUSED);
        assert_int_equal(stream_connect(s, &to), 0);
        for (unsigned i = 0; i < 7; i++)
            out((1000u << i) + 100, S, 0, 0, 0);
        run_for(200 * NSEC_PER_SEC);
        assert_int_equal(stream_take_error(s), ETIMEDOUT);
    }
    stream_close(s, false);
    wire.tap = NULL;
}

static void test_tcp_script_both_open_at_once(void **state)
{
    struct net_addr to = addr4(1, PEER_PORT), from = addr4(2, PORT);
    struct stream *s = stream_new(NET_V4, false);

    (void)state;
    begin();
    assert_int_equal(stream_bind(s, &from), 0);
    assert_int_equal(stream_connect(s, &to), 0);
    out(0, S, 0, 0, 0);
    IN(S, 0);
    out(0, S | A, 0, 0, 1);
    IN(A, 1, 0, 1);
    assert_int_equal(stream_state(s), STREAM_ESTABLISHED);
    stream_close(s, true);
    wire.tap = NULL;
}

/* A flood of SYNs takes bounded memory and does not shut others out. */
static void test_tcp_script_syn_flood(void **state)
{
    struct stream *l;

    (void)state;
    begin();
    l = listen_on(2, PORT);
    for (unsigned i = 0; i < 5000; i++)
        IN(S, 0, .port = (uint16_t)(10000 + i));
    assert_true(l->nr_requests <= 1024);
    nr_checked = nr_seen;
    IN(S, 0);
    out(0, S | A, 0, 0, 1);
    IN(A, 1, 0, 1);
    {
        struct stream *s = stream_accept(l);

        assert_non_null(s);
        stream_close(s, true);
    }
    stream_close(l, false);
    assert_true(list_empty(&streams));
    wire.tap = NULL;
}

/* Time stamps prove a timeout needless: the window comes back. */
static void test_tcp_script_spurious_timeout_is_undone(void **state)
{
    struct stream *l, *s = accepted(&l);
    uint32_t before = s->conn.cwnd, old_ts;

    (void)state;
    send_bytes(s, 3 * MSS);
    for (unsigned i = 0; i < 3; i++)
        out(0, A, 1 + i * MSS, MSS, 1);
    old_ts = seen[nr_seen - 1].opt.ts_val;
    out(60, A, 1 + 2 * MSS, MSS, 1);
    out(300, A, 1, MSS, 1);
    assert_true(s->conn.cwnd < before);
    seen[(nr_seen - 1) % 512].opt.ts_val = old_ts; /* the delayed answer */
    IN(A, 1, 0, 1 + MSS);
    assert_true(s->conn.cwnd >= before);
    end(s, l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tcp_script_handshake_options),
        cmocka_unit_test(test_tcp_script_syn_ack_is_repeated),
        cmocka_unit_test(test_tcp_script_sack_recovers_at_once),
        cmocka_unit_test(test_tcp_script_probe_then_timeout),
        cmocka_unit_test(test_tcp_script_resets),
        cmocka_unit_test(test_tcp_script_paws),
        cmocka_unit_test(test_tcp_script_holes_are_reported),
        cmocka_unit_test(test_tcp_script_shut_window_is_probed),
        cmocka_unit_test(test_tcp_script_full_buffer_shuts_the_window),
        cmocka_unit_test(test_tcp_script_nagle_and_cork),
        cmocka_unit_test(test_tcp_script_acknowledges_with_answers),
        cmocka_unit_test(test_tcp_script_acknowledges_after_reading),
        cmocka_unit_test(test_tcp_script_refused_packets_go_later),
        cmocka_unit_test(test_tcp_script_keepalive),
        cmocka_unit_test(test_tcp_script_they_close_first),
        cmocka_unit_test(test_tcp_script_we_close_first),
        cmocka_unit_test(test_tcp_script_both_close_at_once),
        cmocka_unit_test(test_tcp_script_data_nobody_reads_is_refused),
        cmocka_unit_test(test_tcp_script_path_mtu),
        cmocka_unit_test(test_tcp_script_connect_refused_or_silent),
        cmocka_unit_test(test_tcp_script_both_open_at_once),
        cmocka_unit_test(test_tcp_script_syn_flood),
        cmocka_unit_test(test_tcp_script_spurious_timeout_is_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
