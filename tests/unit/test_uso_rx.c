/* SPDX-License-Identifier: BSD-2-Clause */
/* Received frames of several datagrams are cut. */
/* sources: kernel/net/uso_rx.c kernel/net/frame_view.c kernel/net/checksum.c */
#include "tests/unit/fake_kernel.h"

#include "kernel/net/checksum.h"
#include "kernel/net/frame_view.h"
#include "kernel/net/netdev_priv.h"

enum { EACH = 700, ALL = 3000, FIRST_ID = 65534 };

static uint8_t bytes[ETH_HDR_LEN + 40 + UDP_HDR_LEN + ALL];
static unsigned nr, got_bytes;
static bool v6;

static unsigned ip_len(void)
{
    return v6 ? 40 : 20;
}

static void receive(void *arg, struct rx_frame *f)
{
    const uint8_t *ip = f->head + ETH_HDR_LEN, *udp = ip + ip_len();
    unsigned headers = ETH_HDR_LEN + ip_len() + UDP_HDR_LEN;
    unsigned len = (unsigned)f->head_len - headers;

    (void)arg;
    assert_int_equal(f->tail_len, 0);
    assert_true(f->csum_ok);
    assert_in_range(len, 1, EACH);
    assert_int_equal(get16(udp + 4), UDP_HDR_LEN + len);
    assert_int_equal(get16(ip + (v6 ? 4 : 2)),
                     UDP_HDR_LEN + len + (v6 ? 0 : 20));
    if (!v6) {
        assert_int_equal(get16(ip + 4), (uint16_t)(FIRST_ID + nr));
        assert_int_equal(checksum_fold(checksum_add(0, ip, 20)), 0);
    }
    assert_memory_equal(f->head + headers, bytes + headers + got_bytes, len);
    got_bytes += len;
    nr++;
}

static const struct netdev_ops ops = {.receive = receive};

/* A frame whose first piece has head_len bytes. */
static bool give(size_t head_len, unsigned each)
{
    size_t all = ETH_HDR_LEN + ip_len() + UDP_HDR_LEN + ALL;
    uint8_t *head = malloc(head_len), *tail = malloc(all - head_len);
    struct rx_frame f = {.head = head,
                         .head_len = head_len,
                         .tail = tail,
                         .tail_len = all - head_len};
    struct netdev nd = {.ops = &ops};
    bool ok;

    memcpy(head, bytes, head_len);
    memcpy(tail, bytes + head_len, all - head_len);
    nr = got_bytes = 0;
    ok = uso_receive(&nd, &f, each);
    assert_int_equal(nd.stats.rx_packets, nr);
    free(head);
    free(tail);
    return ok;
}

static void fill(bool is_v6)
{
    uint8_t *ip = bytes + ETH_HDR_LEN;

    v6 = is_v6;
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    put16(bytes + 12, v6 ? ETH_P_IPV6 : ETH_P_IP);
    ip[0] = v6 ? 0x60 : 0x45;
    ip[v6 ? 6 : 9] = PROTO_UDP;
    if (!v6) {
        put16(ip + 4, FIRST_ID);
        put16(ip + 6, 0);
    }
}

static void test_uso_frames_are_cut(void **state)
{
    (void)state;
    for (int six = 0; six < 2; six++) {
        fill(six);
        for (size_t head = 62; head < 2100; head += 37) {
            assert_true(give(head, EACH));
            assert_int_equal(nr, 5);
            assert_int_equal(got_bytes, ALL);
        }
    }
}

static void test_uso_refuses_what_cannot_be_cut(void **state)
{
    (void)state;
    fill(false);
    assert_false(give(100, 0));
    assert_false(give(30, EACH)); /* headers are not in one piece */
    bytes[ETH_HDR_LEN + 9] = PROTO_TCP;
    assert_false(give(100, EACH));
    fill(false);
    bytes[ETH_HDR_LEN] = 0x4f; /* options that are not there */
    assert_false(give(50, EACH));
    assert_int_equal(nr, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uso_frames_are_cut),
        cmocka_unit_test(test_uso_refuses_what_cannot_be_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
