/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Several requests in one message, answered in one: what costs is to wake each
 * other, not the requests.
 *
 *   size[4] Tbatch=92 tag[2] requests, each with its header
 *   size[4] Rbatch=93 tag[2] their answers, likewise
 *
 * They are done in order. Requests with one tag that stand together are a
 * chain: what comes behind one that failed is neither done nor answered. So is
 * what comes behind an answer that leaves no room for others. A client may ask
 * for this if it agreed on P9_BATCHES. Versions and batches have no place in a
 * batch; one with such, or with sizes that do not fit, is refused before
 * anything of it is done.
 */
#include <errno.h>

#include "host/volume/serve.h"

struct head {
    uint32_t size;
    uint8_t type;
    uint16_t tag;
};

/* The largest answer to a request that changes something, and any attributes:
 * where there is less room nothing is begun. */
enum { ANSWER_ROOM = P9_HEADER + 153 };

/* The next request's; no size if less than it says is left. */
static struct head peek(const struct p9_msg *in)
{
    struct p9_msg m = *in;
    struct head h;

    h.size = p9_get32(&m);
    h.type = p9_get8(&m);
    h.tag = p9_get16(&m);
    if (m.bad || h.size < P9_HEADER || h.size > in->size_bytes - in->pos ||
        h.type == P9_VERSION || h.type == P9_BATCH) {
        h.size = 0;
    }
    return h;
}

static bool is_well_formed(struct p9_msg in)
{
    while (in.pos < in.size_bytes) {
        struct head h = peek(&in);

        if (h.size == 0) {
            return false;
        }
        in.pos += h.size;
    }
    return true;
}

int serve_batch(struct server *s, struct p9_msg *in, struct p9_msg *out)
{
    bool has_failed = false;
    uint16_t tag = 0;

    if (!s->has_batches) {
        return -EOPNOTSUPP;
    }
    if (!is_well_formed(*in)) {
        return -EINVAL;
    }
    while (in->pos < in->size_bytes) {
        struct head h = peek(in);
        uint8_t *reply = out->buf + out->pos;
        size_t room = out->size_bytes - out->pos;

        if (room < ANSWER_ROOM) {
            break;
        }
        has_failed = has_failed && h.tag == tag;
        tag = h.tag;
        if (!has_failed) {
            out->pos += serve_one(s, in->buf + in->pos, h.size, reply, room);
            has_failed = reply[4] == P9_RLERROR;
        }
        in->pos += h.size;
    }
    return 0;
}
