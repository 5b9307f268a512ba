/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: host/volume/serve.c host/volume/namespace.c host/volume/file.c */
/* sources: host/volume/lease.c host/volume/attr.c host/volume/fid.c */
/* sources: host/volume/wire.c host/volume/lock.c host/volume/xattr.c */
/* sources: lib/ninep.c host/volume/batch.c */
/* The 9P server under the sanitizers: random messages with plausible parts.
 * What it answers is checked in tests/integration/test_volume.py. */
#include <sys/resource.h>

#include "tests/unit/volume_peer.h"

/* The answers to all messages of a round fit into the socket. */
enum { ROUNDS = 1000, MESSAGES = 20 };

static void send_message(int fd, uint8_t type, uint32_t fid)
{
    uint8_t bytes[4096];
    struct p9_msg out = {.buf = bytes, .size_bytes = sizeof(bytes)};

    put_request(&out, type, fid, 1);
    assert_int_equal(send(fd, bytes, out.pos, 0), out.pos);
}

/* A few requests, chains among them; now and then a size lies. */
static void send_batch(int fd)
{
    uint8_t bytes[8192];
    struct p9_msg out = {.buf = bytes, .size_bytes = sizeof(bytes)};
    uint32_t nr = next_random() % 6, size;

    out.pos = P9_HEADER;
    for (uint32_t i = 0; i < nr; i++) {
        put_request(&out, any_type(), next_random() % 5,
                    (uint16_t)(next_random() % 2));
    }
    if (next_random() % 8 == 0 && out.pos > P9_HEADER + 4) {
        size = next_random() % 64;
        memcpy(bytes + P9_HEADER, &size, sizeof(size));
    }
    size = (uint32_t)out.pos;
    out.pos = 0;
    p9_put32(&out, size);
    p9_put8(&out, P9_BATCH);
    p9_put16(&out, 3);
    assert_int_equal(send(fd, bytes, size, 0), size);
}

/* How many of the answers are no errors? */
static int count_good(int fd)
{
    uint8_t reply[ABI_CHAN_MSG_MAX];
    int good = 0;
    ssize_t len;

    while ((len = recv(fd, reply, sizeof(reply), MSG_DONTWAIT)) > 0) {
        assert_true(len >= P9_HEADER);
        if (reply[4] == P9_BATCH + 1) {
            good += check_batch(reply + P9_HEADER, (size_t)len - P9_HEADER);
        } else {
            good += reply[4] != P9_RLERROR;
        }
    }
    return good;
}

static void test_volume_server_survives_anything(void **state)
{
    int good = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
        server.chan_fd = fds[1];
        server.read_only = round % 4 == 0;
        send_message(fds[0], P9_VERSION, 0);
        send_message(fds[0], P9_ATTACH, 0);
        for (int i = 0; i < MESSAGES; i++) {
            if (next_random() % 3 == 0) {
                send_batch(fds[0]);
            } else {
                send_message(fds[0], any_type(), next_random() % 5);
            }
        }
        shutdown(fds[0], SHUT_WR);
        serve_run(&server);
        good += count_good(fds[0]);
        close(fds[0]);
        close(fds[1]);
        drop_fids();
    }
    assert_true(good > ROUNDS * 4); /* else little was tried */
}

/* Bytes without any sense, and sizes that lie. */
static void test_volume_server_survives_noise(void **state)
{
    uint8_t bytes[64];
    int fds[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    server.chan_fd = fds[1];
    send_message(fds[0], P9_VERSION, 0);
    send_message(fds[0], P9_ATTACH, 0);
    for (int i = 0; i < 200; i++) {
        uint32_t len = 1 + next_random() % sizeof(bytes);

        for (uint32_t at = 0; at < len; at++) {
            bytes[at] = (uint8_t)next_random();
        }
        if (i % 2 == 0) {
            memcpy(bytes, &len, sizeof(len));
        }
        assert_int_equal(send(fds[0], bytes, len, 0), len);
    }
    send_message(fds[0], P9_ATTACH, 77);
    shutdown(fds[0], SHUT_WR);
    serve_run(&server);
    assert_non_null(fid_find(&server.fids, 77));
    assert_true(count_good(fds[0]) >= 3);
    close(fds[0]);
    close(fds[1]);
    drop_fids();
}

static void test_fid_table_ends(void **state)
{
    static struct fid_table table;
    struct fid values = {.path_fd = -1};

    (void)state;
    for (values.number = 0; values.number < FID_MAX; values.number++) {
        assert_int_equal(fid_add(&table, &values), 0);
    }
    assert_int_equal(fid_add(&table, &values), -ENFILE);
    values.number = 5;
    assert_int_equal(fid_add(&table, &values), -EEXIST);
    fid_drop(&table, fid_find(&table, 7));
    fid_drop(&table, fid_find(&table, FID_MAX - 1));
    assert_null(fid_find(&table, 7));
    for (values.number = FID_MAX; values.number < FID_MAX + 2;
         values.number++) {
        assert_int_equal(fid_add(&table, &values), 0);
        assert_int_equal(fid_find(&table, values.number)->open_fd, -1);
    }
    assert_int_equal(fid_add(&table, &values), -ENFILE);
}

/* The host lends few descriptors: requests fail, and work again later. */
static void test_volume_server_without_descriptors(void **state)
{
    enum { WALKS = 100 };
    struct rlimit old, few = {40, 40};
    int fds[2], good;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few.rlim_max = old.rlim_max;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    server.chan_fd = fds[1];
    send_message(fds[0], P9_VERSION, 0);
    for (uint32_t i = 0; i < WALKS; i++) {
        send_message(fds[0], P9_ATTACH, i);
    }
    send_message(fds[0], P9_CLUNK, 1);
    send_message(fds[0], P9_ATTACH, WALKS);
    shutdown(fds[0], SHUT_WR);
    serve_run(&server);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    good = count_good(fds[0]);
    assert_true(good > 3 && good < WALKS);
    assert_non_null(fid_find(&server.fids, WALKS));
    close(fds[0]);
    close(fds[1]);
    drop_fids();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_volume_server_survives_anything),
        cmocka_unit_test(test_volume_server_survives_noise),
        cmocka_unit_test(test_fid_table_ends),
        cmocka_unit_test(test_volume_server_without_descriptors),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
