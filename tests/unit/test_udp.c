/* SPDX-License-Identifier: BSD-2-Clause */
/* Datagrams of UDP between frames and sockets: whom they reach, what leaves. */
/* sources: kernel/core/timer.c kernel/net/checksum.c kernel/net/gso.c */
/* sources: kernel/net/netdev.c kernel/net/netdev_rx.c */
/* sources: kernel/net/frame_view.c kernel/net/uso_rx.c lib/mac.c */
// sources: kernel/net/lwip/*.c kernel/net/tcp/*.c
/* sources: third_party/lwip/src/src/core/def.c */
/* sources: third_party/lwip/src/src/core/inet_chksum.c */
/* sources: third_party/lwip/src/src/core/init.c */
/* sources: third_party/lwip/src/src/core/ip.c */
/* sources: third_party/lwip/src/src/core/mem.c */
/* sources: third_party/lwip/src/src/core/memp.c */
/* sources: third_party/lwip/src/src/core/netif.c */
/* sources: third_party/lwip/src/src/core/pbuf.c */
/* sources: third_party/lwip/src/src/core/raw.c */
/* sources: third_party/lwip/src/src/core/udp.c */
/* sources: third_party/lwip/src/src/core/ipv4/dhcp.c */
/* sources: third_party/lwip/src/src/core/ipv4/etharp.c */
/* sources: third_party/lwip/src/src/core/ipv4/icmp.c */
/* sources: third_party/lwip/src/src/core/ipv4/igmp.c */
/* sources: third_party/lwip/src/src/core/ipv4/ip4_addr.c */
/* sources: third_party/lwip/src/src/core/ipv4/ip4.c */
/* sources: third_party/lwip/src/src/core/ipv4/ip4_frag.c */
/* sources: third_party/lwip/src/src/core/ipv6/ethip6.c */
/* sources: third_party/lwip/src/src/core/ipv6/icmp6.c */
/* sources: third_party/lwip/src/src/core/ipv6/inet6.c */
/* sources: third_party/lwip/src/src/core/ipv6/ip6_addr.c */
/* sources: third_party/lwip/src/src/core/ipv6/ip6.c */
/* sources: third_party/lwip/src/src/core/ipv6/ip6_frag.c */
/* sources: third_party/lwip/src/src/core/ipv6/mld6.c */
/* sources: third_party/lwip/src/src/core/ipv6/nd6.c */
/* sources: third_party/lwip/src/src/netif/ethernet.c */
#include "tests/unit/net_frames.h"

#include <errno.h>
#include <linux/in.h>

#include "kernel/net/checksum.h"

enum {
    PORT = 53,
    PEER_PORT = 4000,
    UDP = 17,
    HEADERS4 = 14 + 20 + 8,
    HEADERS6 = 14 + 40 + 8,
    SENT_MAX = 8,
};

static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 1};
static const struct net_addr peer4 = {NET_V4, {10, 0, 0, 1}, PEER_PORT, 0};
static const struct net_addr mine4 = {NET_V4, {10, 0, 0, 2}, PORT, 0};
static const struct net_addr any4 = {NET_V4, {0}, PORT, 0};
static const struct net_addr any6 = {NET_V6, {0}, PORT, 0};

/* ---- the device ---- */

static bool in_full, in_csum_ok;
static struct frame sent[SENT_MAX];
static struct vnet_hdr sent_hdr[SENT_MAX];
static unsigned nr_sent;

static int64_t fake_recv(uint32_t dev, struct abi_packet *p, uint32_t nr)
{
    struct vnet_hdr hdr = {.flags = in_csum_ok ? VNET_DATA_VALID : 0};
    uint8_t *to = (uint8_t *)p->iov[0].base;

    (void)dev;
    (void)nr;
    if (!in_full)
        return -EAGAIN;
    in_full = false;
    memcpy(to, &hdr, sizeof(hdr));
    memcpy(to + sizeof(hdr), in.data, in.len);
    p->len_bytes = (uint32_t)(sizeof(hdr) + in.len);
    return 1;
}

static void capture(const struct abi_packet *p)
{
    struct frame *f = &sent[nr_sent];
    size_t skip = sizeof(struct vnet_hdr);

    assert_true(nr_sent < SENT_MAX);
    memcpy(&sent_hdr[nr_sent++], (const void *)p->iov[0].base, skip);
    f->len = 0;
    for (unsigned i = 0; i < p->nr_iov; i++) {
        size_t n = p->iov[i].len_bytes - skip;

        memcpy(f->data + f->len, (const uint8_t *)p->iov[i].base + skip, n);
        f->len += n;
        skip = 0;
    }
}

static int64_t fake_send(uint32_t dev, const struct abi_packet *p, uint32_t nr)
{
    (void)dev;
    for (uint32_t i = 0; i < nr; i++)
        capture(&p[i]);
    return nr;
}

/* What is in `in` arrives; what was sent before is forgotten. */
static void arrive(void)
{
    nr_sent = 0;
    in_full = true;
    source->poll(source);
}

/* ---- frames ---- */

static void fill(uint8_t *udp, const char *text)
{
    put16(udp, PEER_PORT);
    put16(udp + 2, PORT);
    put16(udp + 4, (unsigned)(8 + strlen(text)));
    memcpy(udp + 8, text, strlen(text));
    in_csum_ok = true;
}

static uint8_t *datagram4(const char *text)
{
    uint8_t *udp = ipv4(UDP, 8 + strlen(text), 0);

    fill(udp, text);
    return udp;
}

static uint8_t *datagram6(const char *text)
{
    uint8_t *udp = ipv6(UDP, 8 + strlen(text));

    fill(udp, text);
    put16(udp + 6, 1); /* the device says that it is right */
    return udp;
}

static uint16_t sum_of(const uint8_t *l4, size_t len, bool v6, unsigned proto)
{
    const uint8_t *addr = l4 - (v6 ? 32 : 8);
    uint8_t tail[4] = {0, (uint8_t)proto, (uint8_t)(len >> 8), (uint8_t)len};
    uint64_t sum = checksum_add(0, addr, (size_t)(l4 - addr));

    return checksum_fold(
        checksum_add(checksum_add(sum, tail, sizeof(tail)), l4, len));
}

static void arp_answer(void)
{
    uint8_t *arp = ethernet(ETH_P_ARP);

    put16(arp, 1);
    put16(arp + 2, ETH_P_IP);
    arp[4] = 6;
    arp[5] = 4;
    arp[7] = 2;
    memcpy(arp + 8, peer_mac, 6);
    put32(arp + 14, 0x0a000001);
    memcpy(arp + 18, our_mac, 6);
    put32(arp + 24, 0x0a000002);
    in.len = 14 + 28;
    arrive();
}

/* RFC 4861, 4.4 */
static void neighbour_advertisement(void)
{
    uint8_t *icmp = ipv6(58, 32);
    uint16_t sum;

    icmp[0] = 136;
    icmp[4] = 0x60; /* solicited, override */
    memcpy(icmp + 8, icmp - 32, 16);
    icmp[24] = 2;
    icmp[25] = 1;
    memcpy(icmp + 26, peer_mac, 6);
    sum = sum_of(icmp, 32, true, 58);
    memcpy(icmp + 2, &sum, sizeof(sum));
    arrive();
}

/* ---- sockets ---- */

static struct dgram *bound(const struct net_addr *to)
{
    struct dgram *d = dgram_new(to->family, false, false, UDP);

    dgram_set(d, NET_OPT_REUSEADDR, 1);
    assert_int_equal(dgram_bind(d, to), 0);
    return d;
}

static void expect(struct dgram *d, const char *text)
{
    struct packet *p = dgram_pop(d);

    assert_non_null(p);
    assert_int_equal(p->len_bytes, strlen(text));
    assert_memory_equal(p->data, text, strlen(text));
    assert_int_equal(p->dst.port, PORT);
    packet_free(p);
}

static void send_text(struct dgram *d, const char *text,
                      const struct net_addr *to)
{
    struct packet *p = packet_new(strlen(text));

    nr_sent = 0;
    memcpy(p->data, text, strlen(text));
    assert_int_equal(dgram_send(d, p, to), 0);
}

/* ---- tests ---- */

static void test_udp_waits_for_neighbour(void **state)
{
    struct dgram *d = bound(&any4);

    (void)state;
    send_text(d, "first", &peer4);
    assert_int_equal(nr_sent, 1);
    assert_int_equal(sent[0].data[13], ETH_P_ARP & 255);
    arp_answer();
    assert_int_equal(nr_sent, 1);
    assert_int_equal(sent[0].len, HEADERS4 + 5);
    assert_memory_equal(sent[0].data + HEADERS4, "first", 5);
    send_text(d, "second", &peer4);
    assert_int_equal(nr_sent, 1);
    assert_memory_equal(sent[0].data + HEADERS4, "second", 6);
    dgram_close(d);
}

static void test_udp_headers_are_right(void **state)
{
    struct dgram *d = bound(&any4);
    const uint8_t *f = sent[0].data, *ip = f + 14;

    (void)state;
    arp_answer();
    dgram_set(d, NET_OPT_TTL, 33);
    dgram_set(d, NET_OPT_TOS, 0x28);
    send_text(d, "hello", &peer4);
    assert_int_equal(nr_sent, 1);
    assert_memory_equal(f, peer_mac, 6);
    assert_memory_equal(f + 6, our_mac, 6);
    assert_int_equal(ip_sum(ip, 20), 0);
    assert_int_equal(ip[1], 0x28);
    assert_int_equal(ip[6], 0);
    assert_int_equal(ip[8], 33);
    assert_memory_equal(ip + 12, "\x0a\x00\x00\x02\x0a\x00\x00\x01", 8);
    assert_memory_equal(ip + 20, "\x00\x35\x0f\xa0\x00\x0d", 6);
    assert_int_equal(sent_hdr[0].flags, VNET_NEEDS_CSUM);
    assert_int_equal(sent_hdr[0].csum_start, 34);
    dgram_set(d, NET_OPT_PMTUDISC4, IP_PMTUDISC_DO);
    send_text(d, "hello", &peer4);
    assert_int_equal(ip[6], 0x40);
    assert_int_equal(ip_sum(ip, 20), 0);
    dgram_close(d);
}

static void test_udp_v6_goes_both_ways(void **state)
{
    struct net_addr peer6 = {NET_V6, {0xfd}, PEER_PORT, 0};
    struct dgram *d = bound(&any6);
    const uint8_t *ip = sent[0].data + 14;

    (void)state;
    peer6.ip[15] = 1;
    datagram6("question");
    arrive();
    expect(d, "question");
    send_text(d, "first", &peer6);
    assert_int_equal(sent[0].data[14 + 40], 135); /* asks for it */
    neighbour_advertisement();
    assert_int_equal(nr_sent, 1);
    assert_memory_equal(sent[0].data + HEADERS6, "first", 5);
    for (int i = 0; i < 2; i++) {
        send_text(d, "next", &peer6);
        assert_int_equal(nr_sent, 1);
        assert_memory_equal(sent[0].data, peer_mac, 6);
        assert_int_equal(ip[7], 64);
        assert_memory_equal(ip + 24, peer6.ip, 16);
        assert_memory_equal(ip + 4, "\x00\x0c\x11", 3);
        assert_memory_equal(sent[0].data + HEADERS6, "next", 4);
    }
    dgram_close(d);
}

static void test_udp_long_ones_leave_in_pieces(void **state)
{
    struct dgram *d = bound(&any4);
    char text[3001];

    (void)state;
    arp_answer();
    memset(text, 'x', sizeof(text) - 1);
    text[3000] = 0;
    send_text(d, text, &peer4);
    assert_int_equal(nr_sent, 3);
    dgram_close(d);
}

static void test_udp_nearest_socket_gets_it(void **state)
{
    struct dgram *all = bound(&any6), *addr = bound(&mine4);
    struct dgram *conn = bound(&any4);

    (void)state;
    assert_int_equal(dgram_connect(conn, &peer4), 0);
    datagram4("mine");
    arrive();
    expect(conn, "mine");
    put16(datagram4("other"), PEER_PORT + 1);
    arrive();
    expect(addr, "other");
    dgram_close(addr);
    arrive();
    expect(all, "other");
    assert_int_equal(dgram_connect(conn, NULL), 0);
    assert_null(dgram_first(conn));
    dgram_close(all);
    dgram_close(conn);
}

static void test_udp_senders_keep_their_socket(void **state)
{
    struct dgram *d[3];
    unsigned got[3] = {0};

    (void)state;
    for (int i = 0; i < 3; i++) {
        d[i] = dgram_new(NET_V4, false, false, UDP);
        dgram_set(d[i], NET_OPT_REUSEPORT, 1);
        assert_int_equal(dgram_bind(d[i], &any4), 0);
    }
    for (unsigned port = 0; port < 64; port++) {
        put16(datagram4("x"), 5000 + port);
        arrive();
        arrive();
        for (int i = 0; i < 3; i++) {
            if (!dgram_first(d[i]))
                continue;
            expect(d[i], "x");
            expect(d[i], "x");
            got[i]++;
        }
    }
    assert_int_equal(got[0] + got[1] + got[2], 64);
    assert_true(got[0] && got[1] && got[2]);
    for (int i = 0; i < 3; i++)
        dgram_close(d[i]);
}

static void test_udp_damaged_are_dropped(void **state)
{
    struct dgram *d = bound(&any6);
    uint8_t *udp;
    uint16_t sum;

    (void)state;
    udp = datagram4("text");
    in_csum_ok = false;
    sum = sum_of(udp, 12, false, UDP);
    memcpy(udp + 6, &sum, sizeof(sum));
    arrive();
    expect(d, "text");
    udp[8] ^= 1;
    arrive();
    put16(datagram4("text") + 4, 7); /* shorter than its header */
    arrive();
    put16(datagram4("text") + 4, 13); /* longer than the packet */
    arrive();
    put16(datagram6("text") + 6, 0); /* no checksum */
    arrive();
    assert_null(dgram_first(d));
    assert_int_equal(nr_sent, 0);
    dgram_close(d);
}

static void test_udp_padding_is_no_data(void **state)
{
    struct dgram *d = bound(&any4);
    uint8_t *udp = datagram4("text and more");
    uint16_t sum;

    (void)state;
    put16(udp + 4, 12);
    in_csum_ok = false;
    sum = sum_of(udp, 12, false, UDP);
    memcpy(udp + 6, &sum, sizeof(sum));
    arrive();
    expect(d, "text");
    dgram_close(d);
}

static void test_udp_nobody_is_told(void **state)
{
    (void)state;
    arp_answer();
    datagram4("anybody?");
    arrive();
    assert_int_equal(nr_sent, 1);
    assert_int_equal(sent[0].data[14 + 9], IPPROTO_ICMP);
    assert_int_equal(sent[0].data[34], 3);
    assert_int_equal(sent[0].data[35], 3);
}

/* Bound to the loopback interface, then to the one where it comes from. */
static void test_udp_bound_to_a_device(void **state)
{
    struct dgram *d = bound(&any4);

    (void)state;
    assert_int_equal(dgram_set(d, NET_OPT_DEVICE, 1), 0);
    datagram4("text");
    arrive();
    assert_null(dgram_first(d));
    assert_int_equal(dgram_set(d, NET_OPT_DEVICE, 2), 0);
    arrive();
    expect(d, "text");
    dgram_close(d);
}

static void test_udp_raw_sockets_see_copies(void **state)
{
    struct dgram *d = bound(&any4);
    struct dgram *raw = dgram_new(NET_V4, false, true, UDP);

    (void)state;
    datagram4("text");
    arrive();
    expect(d, "text");
    assert_int_equal(dgram_first(raw)->len_bytes, 20 + 8 + 4);
    dgram_close(raw);
    datagram4("more");
    arrive();
    expect(d, "more");
    dgram_close(d);
}

/* What does not fit is lost, and what was read makes room again. */
static void test_udp_full_queue_loses(void **state)
{
    struct dgram *d = bound(&any4);
    unsigned n = 0;

    (void)state;
    dgram_set(d, NET_OPT_RCVBUF, 4096);
    for (int i = 0; i < 100; i++) {
        datagram4("text");
        arrive();
    }
    for (; dgram_first(d); n++)
        expect(d, "text");
    assert_true(n > 4 && n < 100);
    datagram4("again");
    arrive();
    expect(d, "again");
    dgram_close(d);
}

static int start(void **state)
{
    (void)state;
    fake_boot.nr_net = 1;
    fake_boot.net[0] = (struct abi_net_info){.mtu = 1500, .features = 255};
    memcpy(fake_boot.net[0].mac, our_mac, 6);
    platform.ops.net_recv = fake_recv;
    platform.ops.net_send = fake_send;
    net_init();
    for (int i = 0; i < 50; i++) { /* its addresses are announced */
        now_ns += 100000000;
        nr_sent = 0;
        timer_run();
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_udp_waits_for_neighbour),
        cmocka_unit_test(test_udp_headers_are_right),
        cmocka_unit_test(test_udp_v6_goes_both_ways),
        cmocka_unit_test(test_udp_long_ones_leave_in_pieces),
        cmocka_unit_test(test_udp_nearest_socket_gets_it),
        cmocka_unit_test(test_udp_senders_keep_their_socket),
        cmocka_unit_test(test_udp_damaged_are_dropped),
        cmocka_unit_test(test_udp_padding_is_no_data),
        cmocka_unit_test(test_udp_nobody_is_told),
        cmocka_unit_test(test_udp_bound_to_a_device),
        cmocka_unit_test(test_udp_raw_sockets_see_copies),
        cmocka_unit_test(test_udp_full_queue_loses),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
