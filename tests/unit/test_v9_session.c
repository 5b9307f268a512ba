/* SPDX-License-Identifier: BSD-2-Clause */
/* sources: kernel/fs/v9fs/session.c kernel/fs/v9fs/outbox.c */
/* sources: kernel/fs/v9fs/receive.c */
/* sources: kernel/fs/v9fs/chain.c kernel/fs/v9fs/request.c */
/* sources: kernel/fs/v9fs/message.c lib/ninep.c */
/* The volume client's conversation with a server that it does not trust: what
 * is sent together, chains, and answers of any bytes. */
#include "tests/unit/fake_kernel.h"

#include <errno.h>

#include "kernel/core/event.h"
#include "kernel/fs/v9fs/chain.h"
#include "kernel/fs/v9fs/outbox.h"
#include "lib/ninep.h"
#include "tests/random.h"

enum { RANDOM_ROUNDS = 20000 };

/* ---- the kernel below ---- */

static struct event_source *source;
static bool defers;

void event_register(struct event_source *s)
{
    source = s;
}

bool event_defer(void)
{
    return defers;
}

void waitq_init(struct waitq *q)
{
    list_init(&q->waiters);
}

void waitq_add(struct waitq *q, struct waiter *w)
{
    list_push_back(&q->waiters, &w->node);
}

void waitq_del(struct waiter *w)
{
    list_remove(&w->node);
}

void waitq_wake(struct waitq *q, uint32_t events)
{
    (void)q;
    (void)events;
}

void waiter_init_thread(struct waiter *w)
{
    *w = (struct waiter){0};
}

int thread_sleep_uninterruptible(uint64_t deadline_ns)
{
    (void)deadline_ns;
    source->poll(source);
    return 0;
}

/* ---- the server ---- */

/* How it answers: as it should, refusing one of a chain's requests, or with
 * bytes that have little sense. After some nonsense it ends. */
static enum { PROPERLY, REFUSING, NONSENSE } manner;
static bool is_plain;      /* it knows no batches */
static uint32_t refuse_at; /* this one of a message's requests */
static unsigned sent, requests, patience;
static uint8_t answer_buf[65536];
static size_t answer_len;

static void put_answer(struct p9_msg *out, uint8_t type, uint16_t tag,
                       size_t body, bool refused)
{
    size_t size = P9_HEADER + (refused ? 4 : body);

    p9_put32(out, (uint32_t)size);
    p9_put8(out, refused ? P9_RLERROR : type + 1);
    p9_put16(out, tag);
    if (refused)
        p9_put32(out, ENOENT);
    else
        memset(p9_bytes(out, body), 0, body);
}

static size_t body_of(uint8_t type)
{
    return type == P9_GETATTR ? 153 : type == P9_WALK ? 2 : 0;
}

static void answer_version(struct p9_msg *in, struct p9_msg *out)
{
    size_t len;
    const char *text;

    in->pos = P9_HEADER + 4;
    text = p9_get_str(in, &len);
    if (is_plain && len != strlen(P9_PLAIN))
        text = "unknown", len = 7;
    p9_put32(out, (uint32_t)(P9_HEADER + 6 + len));
    p9_put8(out, P9_VERSION + 1);
    p9_put16(out, P9_NOTAG);
    p9_put32(out, 65536);
    p9_put_str(out, text, len);
}

static void answer_each(struct p9_msg *in, struct p9_msg *out)
{
    bool failed = false;
    uint16_t last = 0;

    for (uint32_t i = 0; in->pos < in->size_bytes; i++) {
        size_t at = in->pos;
        uint32_t size = p9_get32(in);
        uint8_t type = p9_get8(in);
        uint16_t tag = p9_get16(in);

        assert_true(size >= P9_HEADER && at + size <= in->size_bytes);
        requests++;
        failed = failed && tag == last;
        last = tag;
        if (!failed) {
            failed = manner == REFUSING && i == refuse_at;
            put_answer(out, type, tag, body_of(type), failed);
        }
        in->pos = at + size;
    }
}

static void answer_nonsense(const uint8_t *request, size_t len)
{
    uint32_t size = 8 + next_random() % 400;

    for (uint32_t i = 0; i < size; i++)
        answer_buf[i] = (uint8_t)next_random();
    /* Bits of what would be right let it through the first checks. */
    if (next_random() % 4)
        memcpy(answer_buf, &size, sizeof(size));
    if (next_random() % 4)
        answer_buf[4] = request[4] + 1;
    if (next_random() % 4)
        memcpy(answer_buf + 5, request + 5, 2);
    if (request[4] == P9_BATCH && next_random() % 2) {
        uint32_t sub = next_random() % (size + 8);

        memcpy(answer_buf + P9_HEADER, &sub, sizeof(sub));
        if (size > 3 * P9_HEADER && len > 2 * P9_HEADER)
            memcpy(answer_buf + P9_HEADER + 4, request + P9_HEADER + 4, 3);
    }
    answer_len = size;
}

static int64_t chan_send(uint32_t chan, const void *msg, uint64_t len)
{
    static uint8_t request[65536];
    struct p9_msg in = {.buf = request, .size_bytes = len};
    struct p9_msg out = {.buf = answer_buf, .size_bytes = sizeof(answer_buf)};
    uint32_t size;

    (void)chan;
    memcpy(request, msg, len);
    size = p9_get32(&in);
    assert_int_equal(size, len);
    sent++;
    if (request[4] == P9_VERSION) {
        answer_version(&in, &out);
    } else if (manner == NONSENSE) {
        answer_nonsense(request, len);
        return (int64_t)len;
    } else if (request[4] == P9_BATCH) {
        assert_false(is_plain);
        in.pos = out.pos = P9_HEADER;
        answer_each(&in, &out);
        size = (uint32_t)out.pos;
        memcpy(answer_buf, &size, sizeof(size));
        answer_buf[4] = P9_BATCH + 1;
        memcpy(answer_buf + 5, request + 5, 2);
    } else {
        in.pos = 0;
        answer_each(&in, &out);
    }
    answer_len = out.pos;
    return (int64_t)len;
}

static int64_t chan_recv(uint32_t chan, void *msg, uint64_t len)
{
    size_t n = answer_len;

    (void)chan;
    if (!n)
        return manner == NONSENSE && patience-- == 0 ? -EPIPE : -EAGAIN;
    assert_true(n <= len);
    memcpy(msg, answer_buf, n);
    answer_len = 0;
    return (int64_t)n;
}

static void begin(struct v9_session *s, bool plain)
{
    platform.ops.chan_send = chan_send;
    platform.ops.chan_recv = chan_recv;
    manner = PROPERLY;
    is_plain = plain;
    defers = true;
    answer_len = 0;
    assert_int_equal(v9_session_init(s, 0), 0);
    assert_int_equal(v9_session_start(s), 0);
    assert_int_equal(s->has_batches, !plain);
    sent = requests = 0;
}

static void end(struct v9_session *s)
{
    struct list *lists[] = {&s->pending, &s->unsent};

    for (int i = 0; i < 2; i++)
        while (!list_empty(lists[i])) {
            struct list *node = lists[i]->next;

            list_remove(node);
            free(container_of(node, struct v9_request, node));
        }
    free(s->rx);
}

/* ---- the tests ---- */

static int walk_and_look(struct v9_session *s, int *second)
{
    uint8_t buf[V9_HEAD + 64];
    struct v9_chain c;
    struct v9_attr a;
    int err;

    v9_chain_begin(&c, buf, sizeof(buf));
    v9_chain_walk(&c, V9_ROOT_FID, v9_new_fid(s), NULL);
    v9_chain_getattr(&c, s, V9_ROOT_FID);
    err = v9_chain_send(&c, s);
    if (!err)
        err = v9_chain_walked(&c, NULL, NULL);
    *second = err ? 0 : v9_chain_got_attr(&c, &a);
    return err;
}

static void test_v9_chain_is_one_message(void **state)
{
    struct v9_session s;
    int second;

    (void)state;
    begin(&s, false);
    assert_int_equal(walk_and_look(&s, &second), 0);
    assert_int_equal(second, 0);
    assert_int_equal(sent, 1);
    assert_int_equal(requests, 2);
    end(&s);
}

static void test_v9_chain_ends_where_it_fails(void **state)
{
    struct v9_session s;
    int second;

    (void)state;
    begin(&s, false);
    manner = REFUSING;
    refuse_at = 0;
    assert_int_equal(walk_and_look(&s, &second), -ENOENT);
    refuse_at = 1;
    assert_int_equal(walk_and_look(&s, &second), 0);
    assert_int_equal(second, -ENOENT);
    end(&s);
}

/* Such as QEMU's server. */
static void test_v9_chain_goes_singly_without_batches(void **state)
{
    struct v9_session s;
    int second;

    (void)state;
    begin(&s, true);
    assert_int_equal(walk_and_look(&s, &second), 0);
    assert_int_equal(second, 0);
    assert_int_equal(sent, 2);
    manner = REFUSING;
    refuse_at = 0;
    assert_int_equal(walk_and_look(&s, &second), -ENOENT);
    assert_int_equal(sent, 3);
    v9_clunk(&s, 7);
    assert_int_equal(sent, 4);
    end(&s);
}

static void test_v9_clunks_go_with_the_next_request(void **state)
{
    struct v9_session s;
    struct v9_attr a;

    (void)state;
    begin(&s, false);
    for (uint32_t fid = 10; fid < 15; fid++)
        v9_clunk(&s, fid);
    assert_int_equal(sent, 0);
    assert_int_equal(v9_getattr(&s, V9_ROOT_FID, &a), 0);
    assert_int_equal(sent, 1);
    assert_int_equal(requests, 6);
    assert_true(list_empty(&s.pending) && list_empty(&s.unsent));
    end(&s);
}

/* When nothing follows, and when it must not wait. */
static void test_v9_clunks_do_not_stay(void **state)
{
    struct v9_session s;

    (void)state;
    begin(&s, false);
    for (uint32_t fid = 10; fid < 110; fid++)
        v9_clunk(&s, fid);
    assert_int_equal(sent, 0);
    source->flush(source);
    assert_int_equal(requests, 100);
    assert_true(sent < 10);
    defers = false;
    v9_clunk(&s, 200);
    assert_int_equal(requests, 101);
    assert_true(list_empty(&s.unsent));
    end(&s);
}

/* Whatever comes ends a request or the session, and nothing else. */
static void test_v9_session_survives_nonsense(void **state)
{
    (void)state;
    for (int round = 0; round < RANDOM_ROUNDS; round++) {
        struct v9_session s;
        struct v9_attr a;
        int second;

        begin(&s, round % 4 == 0);
        manner = NONSENSE;
        patience = 3;
        for (int i = 0; i < 3; i++) {
            v9_clunk(&s, 9);
            walk_and_look(&s, &second);
            v9_getattr(&s, V9_ROOT_FID, &a);
        }
        end(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v9_chain_is_one_message),
        cmocka_unit_test(test_v9_chain_ends_where_it_fails),
        cmocka_unit_test(test_v9_chain_goes_singly_without_batches),
        cmocka_unit_test(test_v9_clunks_go_with_the_next_request),
        cmocka_unit_test(test_v9_clunks_do_not_stay),
        cmocka_unit_test(test_v9_session_survives_nonsense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
