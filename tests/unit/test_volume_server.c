/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: host/volume/serve.c host/volume/namespace.c host/volume/file.c */
/* sources: host/volume/lease.c host/volume/attr.c host/volume/fid.c */
/* sources: host/volume/wire.c host/volume/lock.c host/volume/xattr.c */
/* sources: lib/ninep.c host/volume/batch.c */
/* The 9P server under the sanitizers: random messages with plausible parts.
 * What it answers is checked in tests/integration/test_volume.py. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/volume/serve.h"
#include "tests/random.h"

/* The answers to all messages of a round fit into the socket. */
enum { ROUNDS = 1000, MESSAGES = 20 };

static struct server server;
static char dir[] = "/tmp/einkorn-9p-XXXXXX";

static const uint8_t types[] = {
    P9_STATFS,  P9_LOPEN,     P9_LCREATE,     P9_SYMLINK,  P9_READLINK,
    P9_GETATTR, P9_SETATTR,   P9_READDIR,     P9_FSYNC,    P9_LOCK,
    P9_LINK,    P9_MKDIR,     P9_RENAMEAT,    P9_UNLINKAT, P9_FLUSH,
    P9_WALK,    P9_READ,      P9_WRITE,       P9_CLUNK,    P9_ATTACH,
    P9_GETLOCK, P9_XATTRWALK, P9_XATTRCREATE,
};

static const char *const names[] = {"a", "b",   "c",    "..",
                                    "",  "x/y", "link", "user.a"};

/* A few fields of sizes and values that occur; sometimes noise. */
static void put_fields(struct p9_msg *out)
{
    for (uint32_t n = next_random() % 7; n > 0; n--) {
        switch (next_random() % 6) {
        case 0:
            wire_put_str(out, names[next_random() % 8]);
            break;
        case 1:
            p9_put16(out, (uint16_t)(next_random() % 4));
            break;
        case 2:
            p9_put64(out, next_random() % 3 ? next_random() % 64
                                            : (uint64_t)next_random() << 33);
            break;
        case 3:
            p9_put8(out, (uint8_t)next_random());
            break;
        default:
            p9_put32(out,
                     next_random() % 4 ? next_random() % 5 : next_random());
        }
    }
}

static void put_request(struct p9_msg *out, uint8_t type, uint32_t fid,
                        uint16_t tag)
{
    size_t start = out->pos, end;

    p9_put32(out, 0);
    p9_put8(out, type);
    p9_put16(out, tag);
    if (type == P9_VERSION) {
        p9_put32(out, 8192);
        wire_put_str(out, P9_BATCHES);
    } else {
        p9_put32(out, fid);
        put_fields(out);
    }
    end = out->pos;
    out->pos = start;
    p9_put32(out, (uint32_t)(end - start));
    out->pos = end;
}

static void send_message(int fd, uint8_t type, uint32_t fid)
{
    uint8_t bytes[4096];
    struct p9_msg out = {.buf = bytes, .size_bytes = sizeof(bytes)};

    put_request(&out, type, fid, 1);
    assert_int_equal(send(fd, bytes, out.pos, 0), out.pos);
}

static uint8_t any_type(void)
{
    return types[next_random() % sizeof(types)];
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

/* Answers in a batch are whole ones, and no error is followed by another
 * answer of its chain. Returns how many are good. */
static int check_batch(const uint8_t *reply, size_t len)
{
    bool failed = false;
    uint16_t last = 0;
    int good = 0;

    while (len > 0) {
        uint32_t size;
        uint16_t tag;

        assert_true(len >= P9_HEADER);
        memcpy(&size, reply, sizeof(size));
        memcpy(&tag, reply + 5, sizeof(tag));
        assert_true(size >= P9_HEADER && size <= len);
        assert_false(failed && tag == last);
        failed = reply[4] == P9_RLERROR;
        last = tag;
        good += !failed;
        reply += size;
        len -= size;
    }
    return good;
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

static void drop_fids(void)
{
    for (size_t i = 0; i < FID_BUCKETS; i++) {
        while (server.fids.buckets[i] != NULL) {
            serve_drop_fid(&server, server.fids.buckets[i]);
        }
    }
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

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(dir) == NULL) {
        return -1;
    }
    lease_init(&server.leases);
    server.root_fd = open(dir, O_PATH | O_DIRECTORY);
    server.self_fds_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY);
    if (fchdir(server.self_fds_fd) < 0) {
        return -1;
    }
    return symlinkat("/etc/passwd", server.root_fd, "link");
}

static int tear_down(void **state)
{
    char command[64];

    (void)state;
    close(server.root_fd);
    close(server.self_fds_fd);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
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
