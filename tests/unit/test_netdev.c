/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that wait in a device's ring: what joins, what goes, what is freed. */
/* sources: kernel/net/netdev.c kernel/net/netdev_rx.c kernel/net/uso_rx.c */
/* sources: kernel/net/gso.c kernel/net/frame_view.c kernel/net/checksum.c */
#include "tests/unit/fake_kernel.h"

#include <errno.h>

#include "kernel/net/frame_view.h"
#include "kernel/net/netdev.h"

enum {
    OFFLOADS = ABI_NET_CSUM | ABI_NET_TSO4,
    HEADERS = ETH_HDR_LEN + 20 + 20,
    FIN = 1,
    PSH = 8,
    ACK = 16,
};

static unsigned nr_frames, nr_released, gso_type;
static uint8_t last_flags;
static uint32_t last_len;
static bool full;

static int64_t fake_send(uint32_t dev, const struct abi_packet *p, uint32_t nr)
{
    (void)dev;
    if (full)
        return -EAGAIN;
    for (uint32_t i = 0; i < nr; i++) {
        const uint8_t *frame = (const uint8_t *)(uintptr_t)p[i].iov[0].base;

        nr_frames++;
        gso_type = frame[1];
        last_flags = frame[ABI_NET_HDR_SIZE + ETH_HDR_LEN + 20 + 13];
        last_len = p[i].len_bytes - ABI_NET_HDR_SIZE;
    }
    return nr;
}

static void on_release(void *token)
{
    (void)token;
    nr_released++;
}

static const struct netdev_ops ops = {.release = on_release};

static struct netdev *device(uint32_t features)
{
    static struct netdev all[8]; /* they live as long as the kernel does */
    static unsigned nr;
    struct netdev *nd = &all[nr++];
    struct abi_net_info info = {.mtu = 1500, .features = features};

    platform.ops.net_send = fake_send;
    nr_frames = nr_released = 0;
    full = false;
    assert_int_equal(netdev_init(nd, 0, &info, &ops, NULL), 0);
    return nd;
}

static void give_headers(uint8_t *h, uint8_t proto, unsigned len)
{
    memset(h, 0, HEADERS);
    put16(h + 12, ETH_P_IP);
    h[ETH_HDR_LEN] = 0x45;
    put16(h + ETH_HDR_LEN + 2, HEADERS - ETH_HDR_LEN + len);
    h[ETH_HDR_LEN + 9] = proto;
}

static int send_tcp(struct netdev *nd, uint32_t seq, unsigned len,
                    uint8_t flags)
{
    static uint8_t data[2000];
    uint8_t h[HEADERS], *tcp = h + ETH_HDR_LEN + 20;
    struct abi_iov iov[2] = {{(uintptr_t)h, HEADERS}, {(uintptr_t)data, len}};

    give_headers(h, PROTO_TCP, len);
    put16(tcp + 6, seq);
    tcp[12] = 5 << 4;
    tcp[13] = flags;
    return netdev_send(nd, iov, len ? 2 : 1, 0, NULL);
}

static int send_udp(struct netdev *nd, unsigned len)
{
    static uint8_t h[100][ETH_HDR_LEN + 28 + 100], token;
    static unsigned next;
    uint8_t *mine = h[next++ % 100];
    struct abi_iov iov = {(uintptr_t)mine, ETH_HDR_LEN + 28 + len};

    give_headers(mine, PROTO_UDP, 0);
    put16(mine + ETH_HDR_LEN + 20 + 4, UDP_HDR_LEN + len);
    return netdev_send(nd, &iov, 1, 0, &token);
}

static void test_netdev_answer_and_end_are_one_frame(void **state)
{
    struct netdev *nd = device(OFFLOADS);

    (void)state;
    assert_int_equal(send_tcp(nd, 100, 800, ACK | PSH), 0);
    assert_int_equal(send_tcp(nd, 900, 0, ACK | FIN), 0);
    netdev_flush(nd);
    assert_int_equal(nr_frames, 1);
    assert_int_equal(last_flags, ACK | PSH | FIN);
    assert_int_equal(last_len, HEADERS + 800);
    assert_true(netdev_idle(nd));
    /* What has gone takes nothing more. */
    assert_int_equal(send_tcp(nd, 901, 0, ACK | FIN), 0);
    netdev_flush(nd);
    assert_int_equal(nr_frames, 2);
}

/* An acknowledgement in between is not lost, and nothing overtakes it. */
static void test_netdev_only_neighbours_join(void **state)
{
    struct netdev *nd = device(OFFLOADS);

    (void)state;
    send_tcp(nd, 100, 800, ACK | PSH);
    send_tcp(nd, 900, 0, ACK);
    send_tcp(nd, 900, 0, ACK | FIN);
    netdev_flush(nd);
    assert_int_equal(nr_frames, 3);
    assert_int_equal(last_flags, ACK | FIN);
}

static void test_netdev_datagrams_join_where_the_device_cuts(void **state)
{
    struct netdev *nd = device(OFFLOADS);

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(send_udp(nd, 60), 0);
    netdev_flush(nd);
    assert_int_equal(nr_frames, 10);
    assert_int_equal(nr_released, 10);
    nd = device(OFFLOADS | ABI_NET_USO);
    for (int i = 0; i < 10; i++)
        assert_int_equal(send_udp(nd, 60), 0);
    assert_int_equal(nr_released, 0);
    netdev_flush(nd);
    assert_int_equal(nr_frames, 1);
    assert_int_equal(gso_type, VNET_GSO_UDP_L4);
    assert_int_equal(last_len, ETH_HDR_LEN + 28 + 10 * 60);
    assert_int_equal(nr_released, 10);
}

static void test_netdev_says_when_enough_waits(void **state)
{
    struct netdev *nd = device(OFFLOADS);
    unsigned n = 0;

    (void)state;
    assert_false(netdev_much_waits(nd));
    for (; n < 1000 && !netdev_much_waits(nd); n++)
        send_tcp(nd, 0, 0, ACK);
    assert_in_range(n, 8, 64);
    netdev_flush(nd);
    assert_false(netdev_much_waits(nd));
    for (n = 0; n < 1000 && !netdev_much_waits(nd); n++)
        send_tcp(nd, n * 1400, 1400, ACK);
    assert_in_range(n * 1400, 16 << 10, 64 << 10);
    netdev_flush(nd);
    assert_true(netdev_idle(nd));
}

static void test_netdev_full_device_keeps_frames(void **state)
{
    struct netdev *nd = device(OFFLOADS);
    unsigned n = 0;

    (void)state;
    full = true;
    while (n < 1000 && send_tcp(nd, 0, 0, ACK) == 0)
        n++;
    assert_in_range(n, 32, 999);
    assert_int_equal(nr_frames, 0);
    full = false;
    netdev_flush(nd);
    assert_int_equal(nr_frames, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_netdev_answer_and_end_are_one_frame),
        cmocka_unit_test(test_netdev_only_neighbours_join),
        cmocka_unit_test(test_netdev_datagrams_join_where_the_device_cuts),
        cmocka_unit_test(test_netdev_says_when_enough_waits),
        cmocka_unit_test(test_netdev_full_device_keeps_frames),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
