/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: host/volume/serve.c host/volume/namespace.c host/volume/file.c */
/* sources: host/volume/lease.c host/volume/attr.c host/volume/fid.c */
/* sources: host/volume/wire.c host/volume/lock.c host/volume/xattr.c */
/* sources: lib/ninep.c host/volume/batch.c */
/* Several requests in one message (host/volume/batch.c): such as no client of
 * good will sends do no harm, and what is not answered was not done. */
#include "tests/unit/volume_peer.h"

enum { BATCH_TAG = 3 };

/* Requests of one's own, in one message. */
struct batch {
    struct p9_msg m;
    uint8_t bytes[ABI_CHAN_MSG_MAX];
};

static void batch_begin(struct batch *b)
{
    b->m = (struct p9_msg){
        .buf = b->bytes, .size_bytes = sizeof(b->bytes), .pos = P9_HEADER};
}

static void put_head(struct p9_msg *m, uint32_t size, uint8_t type,
                     uint16_t tag)
{
    p9_put32(m, size);
    p9_put8(m, type);
    p9_put16(m, tag);
}

static void put_mkdir(struct batch *b, uint16_t tag, const char *name)
{
    put_head(&b->m, (uint32_t)(P9_HEADER + 4 + 2 + strlen(name) + 8), P9_MKDIR,
             tag);
    p9_put32(&b->m, 0);
    wire_put_str(&b->m, name);
    p9_put32(&b->m, 0755);
    p9_put32(&b->m, 0);
}

static void put_getattr(struct batch *b, uint16_t tag)
{
    put_head(&b->m, P9_HEADER + 12, P9_GETATTR, tag);
    p9_put32(&b->m, 0);
    p9_put64(&b->m, 0x7ff);
}

/* What the server says to it: the length of its answer. */
static size_t batch_ask(struct batch *b, uint8_t *reply, size_t room)
{
    size_t len = b->m.pos;

    assert_false(b->m.bad);
    b->m.pos = 0;
    put_head(&b->m, (uint32_t)len, P9_BATCH, BATCH_TAG);
    return serve_one(&server, b->bytes, len, reply, room);
}

static uint32_t error_in(const uint8_t *reply)
{
    uint32_t error;

    assert_int_equal(reply[4], P9_RLERROR);
    memcpy(&error, reply + P9_HEADER, sizeof(error));
    return error;
}

static bool there_is(const char *name)
{
    struct stat st;

    return fstatat(server.root_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void start_session(void)
{
    uint8_t bytes[64], reply[64];
    struct p9_msg m = {.buf = bytes, .size_bytes = sizeof(bytes)};

    server.read_only = false;
    put_request(&m, P9_VERSION, 0, P9_NOTAG);
    assert_int_not_equal(serve_one(&server, bytes, m.pos, reply, sizeof(reply)),
                         0);
    assert_int_equal(reply[4], P9_VERSION + 1);
    m.pos = 0;
    put_head(&m, P9_HEADER + 20, P9_ATTACH, 1);
    p9_put32(&m, 0);
    p9_put32(&m, UINT32_MAX);
    wire_put_str(&m, "root");
    wire_put_str(&m, "");
    p9_put32(&m, 0);
    assert_int_not_equal(serve_one(&server, bytes, m.pos, reply, sizeof(reply)),
                         0);
    assert_int_equal(reply[4], P9_ATTACH + 1);
}

/* Behind a good request; then nothing is done of that either. */
static void put_malformed(struct batch *b, int kind)
{
    switch (kind) {
    case 0: /* a batch in a batch */
        put_head(&b->m, P9_HEADER, P9_BATCH, 2);
        break;
    case 1: /* another session */
        put_head(&b->m, P9_HEADER + 4 + 2 + sizeof(P9_BATCHES) - 1, P9_VERSION,
                 2);
        p9_put32(&b->m, 8192);
        wire_put_str(&b->m, P9_BATCHES);
        break;
    case 2: /* more than there is */
        put_head(&b->m, P9_HEADER + 1, P9_FLUSH, 2);
        break;
    case 3:
        put_head(&b->m, UINT32_MAX, P9_FLUSH, 2);
        break;
    case 4: /* less than a header, none at all */
        put_head(&b->m, P9_HEADER - 1, P9_FLUSH, 2);
        break;
    case 5:
        put_head(&b->m, 0, P9_FLUSH, 2);
        break;
    default: /* not even a header */
        p9_put8(&b->m, 1);
    }
}

static void test_batch_malformed_is_refused_whole(void **state)
{
    static struct batch b;
    static uint8_t reply[8192];

    (void)state;
    start_session();
    for (int kind = 0; kind < 7; kind++) {
        batch_begin(&b);
        put_mkdir(&b, 1, "never");
        put_malformed(&b, kind);
        batch_ask(&b, reply, sizeof(reply));
        assert_int_equal(error_in(reply), EINVAL);
        assert_false(there_is("never"));
        assert_non_null(fid_find(&server.fids, 0));
    }
    drop_fids();
}

/* What is too short to name a fid names none, not that of number 0. */
static void test_batch_request_without_fid(void **state)
{
    static struct batch b;
    uint8_t reply[1024];

    (void)state;
    start_session();
    batch_begin(&b);
    put_head(&b.m, P9_HEADER + 3, P9_CLUNK, 1);
    p9_put16(&b.m, 0);
    p9_put8(&b.m, 0);
    batch_ask(&b, reply, sizeof(reply));
    assert_int_equal(error_in(reply + P9_HEADER), EBADF);
    assert_non_null(fid_find(&server.fids, 0));
    drop_fids();
}

/* As many as a message holds: the server comes to an end with them. */
static void test_batch_of_very_many(void **state)
{
    static struct batch b;
    static uint8_t reply[ABI_CHAN_MSG_MAX];
    size_t len;

    (void)state;
    start_session();
    batch_begin(&b);
    while (b.m.pos + P9_HEADER <= b.m.size_bytes)
        put_head(&b.m, P9_HEADER, P9_FLUSH, (uint16_t)b.m.pos);
    len = batch_ask(&b, reply, sizeof(reply));
    assert_int_equal(reply[4], P9_BATCH + 1);
    assert_true(len <= sizeof(reply));
    assert_in_range(check_batch(reply + P9_HEADER, len - P9_HEADER), 9000,
                    ABI_CHAN_MSG_MAX / P9_HEADER);
    drop_fids();
}

/* What finds no room for its answer is not done. */
static void test_batch_does_what_it_can_answer(void **state)
{
    enum { DIRS = 200, ROOM = 1000 };
    static struct batch b;
    uint8_t reply[ROOM];
    int answered, done = 0;
    size_t len;

    (void)state;
    start_session();
    batch_begin(&b);
    for (int i = 0; i < DIRS; i++) {
        char name[16];

        snprintf(name, sizeof(name), "room%d", i);
        put_mkdir(&b, (uint16_t)i, name);
    }
    len = batch_ask(&b, reply, sizeof(reply));
    answered = check_batch(reply + P9_HEADER, len - P9_HEADER);
    for (int i = 0; i < DIRS; i++) {
        char name[16];

        snprintf(name, sizeof(name), "room%d", i);
        done += there_is(name);
        assert_true(there_is(name) == (i < answered));
    }
    assert_int_equal(done, answered);
    assert_in_range(answered, 10, ROOM / 20);
    drop_fids();
}

static void test_batch_error_ends_its_chain_only(void **state)
{
    static struct batch b;
    uint8_t reply[4096];
    size_t len;

    (void)state;
    start_session();
    batch_begin(&b);
    put_mkdir(&b, 1, "first");
    put_mkdir(&b, 1, "first"); /* EEXIST */
    put_mkdir(&b, 1, "second");
    put_getattr(&b, 2);
    put_mkdir(&b, 1, "third"); /* another chain */
    len = batch_ask(&b, reply, sizeof(reply));
    assert_int_equal(check_batch(reply + P9_HEADER, len - P9_HEADER), 3);
    assert_true(there_is("first") && there_is("third"));
    assert_false(there_is("second"));
    assert_int_equal(error_in(reply + P9_HEADER + P9_HEADER + 13), EEXIST);
    drop_fids();
}

/* Some bytes of a good batch are others. */
static void test_batch_survives_damage(void **state)
{
    enum { DAMAGED = 20000 };
    static struct batch b;
    static uint8_t reply[8192];
    int whole = 0;

    (void)state;
    for (int i = 0; i < DAMAGED; i++) {
        size_t room = P9_HEADER + 4 + next_random() % (sizeof(reply) - 64), len;

        if (i % 50 == 0) {
            drop_fids();
            start_session();
        }
        batch_begin(&b);
        put_mkdir(&b, 1, "a");
        put_getattr(&b, 1);
        put_request(&b.m, any_type(), next_random() % 3, 2);
        put_getattr(&b, 2);
        for (uint32_t n = next_random() % 4; n > 0; n--)
            b.bytes[P9_HEADER + next_random() % (b.m.pos - P9_HEADER)] ^=
                (uint8_t)(1 << next_random() % 8);
        len = batch_ask(&b, reply, room);
        assert_in_range(len, P9_HEADER, room);
        if (reply[4] == P9_BATCH + 1) {
            check_batch(reply + P9_HEADER, len - P9_HEADER);
            whole++;
        }
    }
    assert_true(whole > DAMAGED / 4);
    drop_fids();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_malformed_is_refused_whole),
        cmocka_unit_test(test_batch_request_without_fid),
        cmocka_unit_test(test_batch_of_very_many),
        cmocka_unit_test(test_batch_does_what_it_can_answer),
        cmocka_unit_test(test_batch_error_ends_its_chain_only),
        cmocka_unit_test(test_batch_survives_damage),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
