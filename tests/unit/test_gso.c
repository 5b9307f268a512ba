/* SPDX-License-Identifier: BSD-2-Clause */
/* Joining TCP segments into large frames; partial checksums. */
/* sources: kernel/net/gso.c kernel/net/frame_view.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/net/netdev_priv.h"

enum { MSS = 1000, FLAG_FIN = 1, FLAG_PSH = 8, FLAG_ACK = 16 };

static uint8_t payload[64 * MSS];

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* Headers of a segment of `len` bytes at sequence number `seq`. */
static unsigned headers(uint8_t *h, bool v6, uint32_t seq, unsigned len,
                        uint8_t flags)
{
    unsigned ip_len = v6 ? 40 : 20;
    uint8_t *ip = h + ETH_HDR_LEN, *tcp = ip + ip_len;

    memset(h, 0, ETH_HDR_LEN + ip_len + 20);
    put16(h + 12, v6 ? ETH_P_IPV6 : ETH_P_IP);
    ip[0] = v6 ? 0x60 : 0x45;
    if (v6) {
        put16(ip + 4, 20 + len);
        ip[6] = 6;
        ip[7] = 64;
        ip[8] = ip[24] = 0xfd;
    } else {
        put16(ip + 2, 40 + len);
        ip[8] = 64;
        ip[9] = 6;
        ip[12] = ip[16] = 10;
        ip[19] = 1;
    }
    put16(tcp, 80);
    put16(tcp + 2, 5000);
    put32(tcp + 4, seq);
    put32(tcp + 8, 77);
    tcp[12] = 5 << 4;
    tcp[13] = flags;
    put16(tcp + 14, 1000);
    return ETH_HDR_LEN + ip_len + 20;
}

struct segment {
    uint8_t head[128];
    struct abi_iov iov[2];
};

static struct segment *segment(struct segment *s, bool v6, uint32_t seq,
                               unsigned len, uint8_t flags)
{
    s->iov[0].base = (uintptr_t)s->head;
    s->iov[0].len_bytes = headers(s->head, v6, seq, len, flags);
    s->iov[1].base = (uintptr_t)payload + seq;
    s->iov[1].len_bytes = len;
    return s;
}

static bool join(struct tx_frame *f, bool v6, uint32_t seq, unsigned len,
                 uint8_t flags)
{
    struct segment s;
    bool joined;

    segment(&s, v6, seq, len, flags);
    joined = gso_join(f, s.iov, 2);
    if (joined)
        f->tokens[f->nr_tokens++] = &f;
    return joined;
}

static void begin(struct tx_frame *f, bool v6, uint32_t seq, unsigned len,
                  uint8_t flags)
{
    struct segment s;

    segment(&s, v6, seq, len, flags);
    assert_int_equal(gso_begin(f, s.iov, 2), 0);
    f->tokens[f->nr_tokens++] = &f;
}

/* One's complement sum over len bytes. */
static unsigned sum(const uint8_t *p, unsigned len, unsigned start)
{
    for (unsigned i = 0; i < len; i += 2)
        start += get16(p + i);
    while (start >> 16)
        start = (start & 0xffff) + (start >> 16);
    return start;
}

static void test_gso_joins_contiguous_segments(void **state)
{
    for (int v6 = 0; v6 < 2; v6++) {
        struct tx_frame f;
        unsigned ip_len = v6 ? 40 : 20, tcp_len = 20 + 3 * MSS + 10;
        uint8_t *ip = f.headers + ETH_HDR_LEN, *tcp = ip + ip_len;

        begin(&f, v6, 0, MSS, FLAG_ACK);
        assert_true(join(&f, v6, MSS, MSS, FLAG_ACK));
        assert_true(join(&f, v6, 2 * MSS, MSS, FLAG_ACK));
        assert_true(join(&f, v6, 3 * MSS, 10, FLAG_ACK | FLAG_PSH));
        gso_finish(&f, true);
        assert_int_equal(f.vnet.gso_type, v6 ? VNET_GSO_TCPV6 : VNET_GSO_TCPV4);
        assert_int_equal(f.vnet.gso_size, MSS);
        assert_int_equal(f.vnet.flags, VNET_NEEDS_CSUM);
        assert_int_equal(f.vnet.csum_start, ETH_HDR_LEN + ip_len);
        assert_int_equal(f.vnet.csum_offset, 16);
        assert_int_equal(f.vnet.hdr_len, f.headers_len);
        assert_int_equal(f.payload_len, 3 * MSS + 10);
        assert_int_equal(f.nr_iov, 2); /* payload touches: one piece */
        assert_int_equal(tcp[13], FLAG_ACK | FLAG_PSH);
        if (v6) {
            assert_int_equal(get16(ip + 4), tcp_len);
            assert_int_equal(get16(tcp + 16), sum(ip + 8, 32, 6 + tcp_len));
        } else {
            assert_int_equal(get16(ip + 2), 20 + tcp_len);
            assert_int_equal(sum(ip, 20, 0), 0xffff);
            assert_int_equal(get16(tcp + 16), sum(ip + 12, 8, 6 + tcp_len));
        }
    }
    (void)state;
}

static void test_gso_refuses_what_does_not_continue(void **state)
{
    struct tx_frame f;
    struct segment s;

    (void)state;
    begin(&f, false, 0, MSS, FLAG_ACK);
    assert_false(join(&f, false, MSS + 1, MSS, FLAG_ACK)); /* a gap */
    assert_false(join(&f, false, MSS, MSS + 1, FLAG_ACK)); /* longer */
    assert_false(join(&f, false, MSS, 0, FLAG_ACK));
    assert_false(join(&f, false, MSS, MSS, FLAG_ACK | 4)); /* RST */
    assert_false(join(&f, true, MSS, MSS, FLAG_ACK));
    segment(&s, false, MSS, MSS, FLAG_ACK);
    s.head[ETH_HDR_LEN + 20 + 1]++; /* another port */
    assert_false(gso_join(&f, s.iov, 2));
    segment(&s, false, MSS, MSS, FLAG_ACK);
    s.head[ETH_HDR_LEN + 20 + 11]++; /* another acknowledgement */
    assert_false(gso_join(&f, s.iov, 2));
    assert_true(join(&f, false, MSS, MSS, FLAG_ACK));
}

static void test_gso_short_push_or_fin_ends_a_frame(void **state)
{
    struct tx_frame f;

    (void)state;
    begin(&f, false, 0, MSS, FLAG_ACK);
    assert_true(join(&f, false, MSS, MSS - 1, FLAG_ACK));
    assert_false(join(&f, false, 2 * MSS - 1, MSS, FLAG_ACK));
    begin(&f, false, 0, MSS, FLAG_ACK | FLAG_PSH);
    assert_false(join(&f, false, MSS, MSS, FLAG_ACK));
    begin(&f, false, 0, MSS, FLAG_ACK);
    assert_true(join(&f, false, MSS, MSS, FLAG_ACK | FLAG_FIN));
    assert_false(join(&f, false, 2 * MSS, MSS, FLAG_ACK));
}

/* A response and the end of its connection are one packet. */
static void test_gso_fin_without_data_joins(void **state)
{
    for (int v6 = 0; v6 < 2; v6++) {
        struct tx_frame f;
        unsigned off = ETH_HDR_LEN + (v6 ? 40 : 20) + 13;

        (void)state;
        begin(&f, v6, 0, 300, FLAG_ACK | FLAG_PSH);
        assert_false(join(&f, v6, 299, 0, FLAG_ACK | FLAG_FIN));
        assert_false(join(&f, v6, 300, 0, FLAG_ACK));
        assert_true(join(&f, v6, 300, 0, FLAG_ACK | FLAG_FIN));
        assert_int_equal(f.headers[off], FLAG_ACK | FLAG_PSH | FLAG_FIN);
        assert_int_equal(f.payload_len, 300);
        assert_int_equal(f.nr_segs, 1);
        assert_false(join(&f, v6, 301, 0, FLAG_ACK | FLAG_FIN));
        begin(&f, v6, 0, 300, FLAG_ACK | FLAG_PSH);
        gso_finish(&f, true); /* it may be under way */
        assert_false(join(&f, v6, 300, 0, FLAG_ACK | FLAG_FIN));
        begin(&f, v6, 0, 0, FLAG_ACK);
        assert_false(join(&f, v6, 0, 0, FLAG_ACK | FLAG_FIN));
    }
}

static void test_gso_stops_before_the_longest_packet(void **state)
{
    struct tx_frame f;
    unsigned n = 1;

    (void)state;
    begin(&f, false, 0, MSS, FLAG_ACK);
    while (n < 64 && join(&f, false, n * MSS, MSS, FLAG_ACK))
        n++;
    assert_true(n < 64 || f.nr_tokens == TX_IOV_MAX);
    assert_true(40 + f.payload_len <= IP_LEN_MAX);
}

static void test_gso_single_frame_keeps_its_length(void **state)
{
    struct tx_frame f;

    (void)state;
    begin(&f, false, 0, MSS, FLAG_ACK);
    gso_finish(&f, false);
    assert_int_equal(f.vnet.gso_type, VNET_GSO_NONE);
    assert_int_equal(f.vnet.flags, 0);
    assert_int_equal(get16(f.headers + ETH_HDR_LEN + 2), 40 + MSS);
    gso_finish(&f, true); /* once only */
    assert_int_equal(f.vnet.flags, 0);
}

static void test_gso_udp_gets_a_partial_checksum(void **state)
{
    struct segment s;
    struct tx_frame f;
    uint8_t *udp = s.head + ETH_HDR_LEN + 20;

    (void)state;
    segment(&s, false, 0, 100, 0);
    s.head[ETH_HDR_LEN + 9] = 17;
    memset(udp, 0, 8);
    s.iov[0].len_bytes = ETH_HDR_LEN + 28;
    assert_int_equal(gso_begin(&f, s.iov, 2), 0);
    gso_finish(&f, true);
    assert_int_equal(f.vnet.flags, VNET_NEEDS_CSUM);
    assert_int_equal(f.vnet.csum_offset, 6);
    assert_int_equal(get16(f.headers + ETH_HDR_LEN + 26),
                     sum(f.headers + ETH_HDR_LEN + 12, 8, 17 + 108));
}

/* A datagram's headers, from port 53; `check` is its checksum. */
static struct segment *datagram(struct segment *s, bool v6, unsigned off,
                                unsigned len, unsigned check)
{
    unsigned ip_len = v6 ? 40 : 20;
    uint8_t *udp = s->head + ETH_HDR_LEN + ip_len;

    segment(s, v6, off, len, 0);
    s->head[ETH_HDR_LEN + (v6 ? 6 : 9)] = 17;
    memset(udp, 0, 8);
    put16(udp, 53);
    put16(udp + 2, 5000);
    put16(udp + 4, 8 + len);
    put16(udp + 6, check);
    s->iov[0].len_bytes = ETH_HDR_LEN + ip_len + 8;
    return s;
}

static void test_gso_joins_datagrams_of_one_length(void **state)
{
    (void)state;
    for (int v6 = 0; v6 < 2; v6++) {
        unsigned ip_len = v6 ? 40 : 20;
        struct segment s;
        struct tx_frame f;
        uint8_t *udp = f.headers + ETH_HDR_LEN + ip_len;

        assert_int_equal(gso_begin(&f, datagram(&s, v6, 0, 90, 0)->iov, 2), 0);
        assert_false(gso_join(&f, datagram(&s, v6, 90, 91, 0)->iov, 2));
        assert_false(gso_join(&f, datagram(&s, v6, 90, 90, 7)->iov, 2));
        datagram(&s, v6, 90, 90, 0);
        put16(s.head + ETH_HDR_LEN + ip_len + 2, 5001); /* somebody else */
        assert_false(gso_join(&f, s.iov, 2));
        assert_false(join(&f, v6, 90, 90, FLAG_ACK)); /* TCP */
        assert_true(gso_join(&f, datagram(&s, v6, 90, 90, 0)->iov, 2));
        assert_true(gso_join(&f, datagram(&s, v6, 180, 20, 0)->iov, 2));
        assert_false(gso_join(&f, datagram(&s, v6, 200, 20, 0)->iov, 2));
        gso_finish(&f, true);
        assert_int_equal(f.vnet.gso_type, VNET_GSO_UDP_L4);
        assert_int_equal(f.vnet.gso_size, 90);
        assert_int_equal(f.vnet.flags, VNET_NEEDS_CSUM);
        assert_int_equal(f.nr_segs, 3);
        assert_int_equal(get16(udp + 4), 8 + 200);
        assert_int_equal(get16(f.headers + ETH_HDR_LEN + (v6 ? 4 : 2)),
                         (v6 ? 0 : 20) + 8 + 200);
    }
}

static void test_gso_single_datagram_stays_one(void **state)
{
    struct segment s;
    struct tx_frame f;

    (void)state;
    assert_int_equal(gso_begin(&f, datagram(&s, false, 0, 90, 0)->iov, 2), 0);
    gso_finish(&f, true);
    assert_int_equal(f.vnet.gso_type, VNET_GSO_NONE);
    assert_int_equal(get16(f.headers + ETH_HDR_LEN + 20 + 4), 98);
    for (unsigned n = 1; n < 200; n++)
        assert_false(gso_join(&f, datagram(&s, false, 90, 90, 0)->iov, 2));
}

static void test_gso_joins_few_enough_datagrams(void **state)
{
    struct segment s;
    struct tx_frame f;
    unsigned n = 1;

    (void)state;
    assert_int_equal(gso_begin(&f, datagram(&s, false, 0, 20, 0)->iov, 2), 0);
    while (n < 200 && gso_join(&f, datagram(&s, false, n * 20, 20, 0)->iov, 2))
        n++;
    assert_in_range(n, 16, 64); /* Linux's limit */
}

static void test_gso_fragments_are_left_alone(void **state)
{
    struct segment s;
    struct tx_frame f;

    (void)state;
    segment(&s, false, 0, MSS, FLAG_ACK);
    s.head[ETH_HDR_LEN + 6] = 0x20; /* more fragments */
    assert_int_equal(gso_begin(&f, s.iov, 2), 0);
    assert_false(f.open);
    gso_finish(&f, true);
    assert_int_equal(f.vnet.flags, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gso_joins_contiguous_segments),
        cmocka_unit_test(test_gso_refuses_what_does_not_continue),
        cmocka_unit_test(test_gso_short_push_or_fin_ends_a_frame),
        cmocka_unit_test(test_gso_fin_without_data_joins),
        cmocka_unit_test(test_gso_stops_before_the_longest_packet),
        cmocka_unit_test(test_gso_single_frame_keeps_its_length),
        cmocka_unit_test(test_gso_udp_gets_a_partial_checksum),
        cmocka_unit_test(test_gso_joins_datagrams_of_one_length),
        cmocka_unit_test(test_gso_single_datagram_stays_one),
        cmocka_unit_test(test_gso_joins_few_enough_datagrams),
        cmocka_unit_test(test_gso_fragments_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
