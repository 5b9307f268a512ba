/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of all kinds, whole and damaged, into the stack; servers answer. */
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

enum { QUEUE = 4096, ROUNDS = 40000, PORT = 80, UDP_PORT = 7 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

/* Of what goes to the stack, and the last segment that came from it. */
static bool in_full, in_csum_ok;
static unsigned sent_frames;
static struct {
    uint32_t seq, ack;
    uint16_t port;
    size_t len; /* SYN and FIN count */
} last_tcp;

static int64_t fake_recv(uint32_t dev, struct abi_packet *p, uint32_t nr)
{
    struct vnet_hdr hdr = {.flags = in_csum_ok ? VNET_DATA_VALID : 0};
    uint8_t all[FRAME_MAX + sizeof(hdr)];
    size_t len = sizeof(hdr) + in.len, head = p->iov[0].len_bytes;

    (void)dev;
    (void)nr;
    if (!in_full)
        return -EAGAIN;
    in_full = false;
    if (rand() % 8 == 0) {
        hdr.gso_type = VNET_GSO_UDP_L4;
        hdr.gso_size = (uint16_t)(rand() % 300);
    }
    memcpy(all, &hdr, sizeof(hdr));
    memcpy(all + sizeof(hdr), in.data, in.len);
    head = len < head ? len : head;
    memcpy((void *)p->iov[0].base, all, head);
    memcpy((void *)p->iov[1].base, all + head, len - head);
    p->len_bytes = (uint32_t)len;
    return 1;
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static void note(const uint8_t *f, size_t len, size_t total)
{
    const uint8_t *tcp = f + 14 + 20;

    if (len < 54 || f[12] != 8 || f[13] || f[14] != 0x45 || f[23] != 6)
        return;
    last_tcp.seq = get32(tcp + 4);
    last_tcp.ack = get32(tcp + 8);
    last_tcp.port = (uint16_t)(tcp[2] << 8 | tcp[3]);
    last_tcp.len =
        total - 34 - (tcp[12] >> 4) * 4u + ((tcp[13] & (SYN | FIN)) != 0);
}

static int64_t fake_send(uint32_t dev, const struct abi_packet *p, uint32_t nr)
{
    (void)dev;
    for (uint32_t i = 0; i < nr; i++) {
        size_t total = 0;
        volatile uint8_t sum = 0;

        for (unsigned k = 0; k < p[i].nr_iov; k++) {
            const uint8_t *b = (const uint8_t *)p[i].iov[k].base;

            for (size_t n = 0; n < p[i].iov[k].len_bytes; n++)
                sum += b[n]; /* is it all there? */
            total += p[i].iov[k].len_bytes;
        }
        assert_int_equal(total, p[i].len_bytes);
        note((const uint8_t *)p[i].iov[0].base + 12, p[i].iov[0].len_bytes - 12,
             total - 12);
    }
    sent_frames += nr;
    return nr % 7 == 3 ? -EAGAIN : (int64_t)nr;
}

/* ---- making frames ---- */

static void tcp_header(uint8_t *tcp, uint16_t sport, uint32_t seq, uint32_t ack,
                       uint8_t flags)
{
    put16(tcp, sport);
    put16(tcp + 2, PORT);
    put32(tcp + 4, seq);
    put32(tcp + 8, ack);
    tcp[12] = 5 << 4;
    tcp[13] = flags;
    put16(tcp + 14, 60000);
}

static void make_arp(void)
{
    uint8_t *arp = ethernet(ETH_P_ARP);

    memset(in.data, 255, 6);
    put16(arp, 1);
    put16(arp + 2, ETH_P_IP);
    arp[4] = 6;
    arp[5] = 4;
    arp[7] = 1 + rand() % 2;
    arp[8] = 2;
    arp[13] = 1;
    put32(arp + 14, 0x0a000001);
    put32(arp + 24, 0x0a000002);
    in.len = 14 + 28;
}

/* A datagram of the server's, as an error quotes it. */
static void quote4(uint8_t *ip)
{
    memcpy(ip, in.data + 14, 20);
    put16(ip + 2, (unsigned)rand() % 80);
    ip[9] = 17;
    put32(ip + 12, 0x0a000002);
    put32(ip + 16, 0x0a000001);
    put16(ip + 20, UDP_PORT);
    put16(ip + 22, 4000);
}

static void make_icmp(void)
{
    static const uint8_t types[] = {3, 4, 5, 8, 11, 12};
    uint8_t *icmp = ipv4(1, 64, 0);

    icmp[0] = types[(size_t)rand() % sizeof(types)];
    icmp[1] = (uint8_t)(rand() % 18);
    quote4(icmp + 8);
    put16(icmp + 2, ip_sum(icmp, 64));
}

static void make_icmp6(void)
{
    static const uint8_t types[] = {1,   2,   3,   4,   128, 130,
                                    133, 134, 135, 136, 137};
    uint8_t *icmp = ipv6(58, 64);

    icmp[0] = types[(size_t)rand() % sizeof(types)];
    icmp[8] = 0xfd;
    icmp[23] = 2;
    icmp[24] = (uint8_t)(1 + rand() % 5);
    icmp[25] = (uint8_t)(rand() % 3);
}

static void make_udp(void)
{
    size_t len = (size_t)rand() % 1400;
    bool v6 = rand() % 2;
    uint8_t *udp =
        v6 ? ipv6(17, 8 + len)
           : ipv4(17, 8 + len, rand() % 8 ? 0 : 0x2000 | rand() % 64);

    put16(udp, 4000);
    put16(udp + 2, 7);
    put16(udp + 4, (unsigned)(8 + len));
}

static void make_tcp6(void)
{
    tcp_header(ipv6(6, 20), (uint16_t)(5000 + rand() % 4), (uint32_t)rand(), 0,
               rand() % 2 ? SYN : (uint8_t)rand());
}

/* A connection that goes on from what the stack said last. */
static void make_tcp(void)
{
    size_t len = rand() % 3 ? (size_t)rand() % 3000 : 0;
    uint8_t flags = rand() % 30 == 0 ? (uint8_t)rand()
                    : rand() % 40    ? ACK | PSH
                                     : ACK | FIN;
    uint16_t sport = rand() % 8 ? last_tcp.port : 5000 + (uint16_t)rand() % 4;
    uint32_t seq = last_tcp.ack + (rand() % 6 ? 0 : (uint32_t)(rand() % 5000));

    if (rand() % 30 == 0)
        tcp_header(ipv4(6, 20, 0), sport, (uint32_t)rand(), 0, SYN);
    else
        tcp_header(ipv4(6, 20 + len, 0), sport, seq,
                   last_tcp.seq + (uint32_t)last_tcp.len, flags);
}

static void make_frame(void)
{
    static void (*const makers[])(void) = {make_arp, make_icmp, make_icmp6,
                                           make_udp, make_tcp,  make_tcp,
                                           make_tcp, make_tcp6};

    makers[(size_t)rand() % (sizeof(makers) / sizeof(makers[0]))]();
    in_csum_ok = rand() % 8;
    if (rand() % 3 == 0)
        for (int n = rand() % 5; n >= 0; n--)
            in.data[14 + (size_t)rand() % 60] ^= (uint8_t)rand();
    if (rand() % 10 == 0)
        in.len = 14 + (size_t)rand() % (in.len - 13);
    in_full = true;
}

/* ---- servers ---- */

enum { CONNS = 64 };

static struct stream *conns[CONNS];
static size_t echoed;

static void echo(struct stream **s)
{
    const void *data;
    size_t n, room;

    while ((n = stream_peek(*s, 0, &data)) > 0) {
        void *buf = stream_reserve(*s, n, &room);

        if (!buf)
            break;
        memcpy(buf, data, room);
        stream_commit(*s, room, rand() % 2);
        stream_consume(*s, room);
        echoed += room;
    }
    if ((stream_ready(*s) & (NET_EOF | NET_CLOSED)) || rand() % 200 == 0) {
        stream_close(*s, rand() % 5 == 0);
        *s = NULL;
    }
}

static unsigned errors;

static void serve(struct stream *listener, struct dgram *udp)
{
    static volatile unsigned sum; /* of what is read */
    struct dgram_error *e;
    struct stream *s;
    struct packet *p;

    while ((s = stream_accept(listener))) {
        struct stream **slot = &conns[rand() % CONNS];

        if (*slot)
            stream_close(*slot, true);
        *slot = s;
    }
    for (unsigned i = 0; i < CONNS; i++)
        if (conns[i])
            echo(&conns[i]);
    while (rand() % 4 && (e = dgram_pop_error(udp))) {
        sum += e->packet->len_bytes ? e->packet->data[0] : 0;
        assert_true(e->error && e->packet->len_bytes <= FRAME_MAX);
        dgram_error_free(e);
        errors++;
    }
    dgram_take_error(udp);
    while ((p = dgram_pop(udp))) {
        struct packet *answer = packet_new(p->len_bytes);

        memcpy(answer->data, p->data, p->len_bytes);
        dgram_send(udp, answer, &p->src);
        packet_free(p);
    }
}

static int start(void **state)
{
    (void)state;
    srand(1);
    fake_boot.nr_net = 1;
    fake_boot.net[0] = (struct abi_net_info){.mtu = 1500, .features = 255};
    memcpy(fake_boot.net[0].mac, our_mac, 6);
    platform.ops.net_recv = fake_recv;
    platform.ops.net_send = fake_send;
    net_init();
    return 0;
}

/* Without frames it ends after some seconds, and until then an instance is
 * woken once in each; before, while reports of groups wait, more often. */
static void test_net_input_wakes_seldom(void **state)
{
    unsigned wakes = 0;
    uint64_t next;

    (void)state;
    for (; (next = timer_run()) != NO_DEADLINE; wakes++) {
        assert_true(wakes < 16);
        if (next > now_ns)
            now_ns = next;
    }
    assert_true(wakes > 0);
}

static void test_net_input_survives_damaged_frames(void **state)
{
    struct net_addr any = {.family = NET_V6, .port = PORT};
    struct stream *listener;
    struct dgram *udp;
    size_t len;

    (void)state;
    listener = stream_new(NET_V6, false);
    assert_int_equal(stream_bind(listener, &any), 0);
    assert_int_equal(stream_listen(listener, 16), 0);
    udp = dgram_new(NET_V6, false, false, 17);
    any.port = UDP_PORT;
    dgram_set(udp, NET_OPT_RECVERR4, 1);
    dgram_set(udp, NET_OPT_RECVERR6, 1);
    assert_int_equal(dgram_bind(udp, &any), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        make_frame();
        source->poll(source);
        serve(listener, udp);
        now_ns += (uint64_t)(rand() % 5) * 1000000;
        timer_run();
    }
    free(net_proc_text("tcp", &len));
    free(net_proc_text("tcp6", &len));
    assert_true(sent_frames > ROUNDS / 10);
    assert_true(echoed > ROUNDS); /* connections came about */
    assert_true(errors > ROUNDS / 100);
    for (unsigned i = 0; i < CONNS; i++)
        if (conns[i])
            stream_close(conns[i], true);
    stream_close(listener, false);
    dgram_close(udp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_net_input_wakes_seldom),
        cmocka_unit_test(test_net_input_survives_damaged_frames),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
