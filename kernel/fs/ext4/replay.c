/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recovery: three passes over the log, as jbd2 describes them. The first finds
 * the last transaction that is whole, the second the blocks that were revoked,
 * the third writes the others to their places.
 */
#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/fs/ext4/journal.h"
#include "lib/string.h"

enum pass { SCAN, REVOKE, REPLAY };
enum { BUCKETS = 256 };

/* Transactions up to this one no longer count for the block. */
struct revoked {
    struct revoked *next;
    uint64_t block;
    uint32_t sequence;
};

struct replay {
    struct ext4 *fs;
    struct ext4_journal *j;
    enum pass pass;
    uint32_t end; /* the first sequence that is not whole */
    uint32_t sequence, log;
    uint32_t steps; /* blocks looked at: a log has an end */
    uint8_t *block, *data;
    struct revoked *revoked[BUCKETS];
    uint64_t nr_replayed;
};

/* Sequence numbers go round. */
static bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static struct revoked *find_revoked(struct replay *r, uint64_t block)
{
    struct revoked *v = r->revoked[block % BUCKETS];

    while (v && v->block != block)
        v = v->next;
    return v;
}

static int add_revoked(struct replay *r, uint64_t block)
{
    struct revoked *v = find_revoked(r, block);

    if (!v) {
        v = kmalloc(sizeof(*v));
        if (!v)
            return -ENOMEM;
        v->block = block;
        v->next = r->revoked[block % BUCKETS];
        r->revoked[block % BUCKETS] = v;
    }
    v->sequence = r->sequence;
    return 0;
}

/* The next block of the log. 0, or -errno; 1: all of it was read. */
static int next_block(struct replay *r, void *to)
{
    uint64_t block = ext4_log_block(r->j, r->log);

    if (r->steps++ > r->j->maxlen)
        return 1;
    r->log = ext4_log_next(r->j, r->log);
    if (!block)
        return ext4_damaged(r->fs, "the journal's blocks", r->log);
    return ext4_read_blocks(r->fs, block, 1, to);
}

static bool tail_fits(const struct replay *r)
{
    uint32_t at = r->fs->block_bytes - 4, want, crc, zero = 0;

    if (!r->j->csum)
        return true;
    memcpy(&want, r->block + at, 4);
    crc = crc32c(r->j->seed, r->block, at);
    return crc32c(crc, &zero, 4) == be32(want);
}

static bool commit_fits(const struct replay *r)
{
    struct jbd2_commit *c = (struct jbd2_commit *)r->block;
    uint32_t want = c->checksum[0], crc;

    if (!r->j->csum)
        return true;
    c->checksum[0] = 0;
    crc = crc32c(r->j->seed, r->block, r->fs->block_bytes);
    c->checksum[0] = want;
    return crc == be32(want);
}

struct tag {
    uint64_t block;
    uint32_t flags, checksum;
};

static uint32_t get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof(v));
    return be32(v);
}

/* The tag at *at, which moves behind it; false: there is none. */
static bool next_tag(const struct replay *r, uint32_t *at, struct tag *out)
{
    bool wide = r->j->incompat & JBD2_F_64BIT;
    uint32_t size = r->j->csum ? 16 : wide ? 12 : 8;
    uint32_t room = r->fs->block_bytes - (r->j->csum ? 4 : 0);
    const uint8_t *p = r->block + *at;

    if (*at + size > room)
        return false;
    out->block = get32(p);
    if (r->j->csum) {
        out->flags = get32(p + 4);
        out->checksum = get32(p + 12);
    } else {
        out->flags = get32(p + 4) & 0xffff;
        out->checksum = 0;
    }
    if (wide)
        out->block |= (uint64_t)get32(p + 8) << 32;
    *at += size + (out->flags & JBD2_SAME_UUID ? 0 : 16);
    return true;
}

static bool data_fits(const struct replay *r, const struct tag *tag)
{
    uint32_t sequence = be32(r->sequence), crc;

    if (!r->j->csum)
        return true;
    crc = crc32c(r->j->seed, &sequence, sizeof(sequence));
    return crc32c(crc, r->data, r->fs->block_bytes) == tag->checksum;
}

static int replay_block(struct replay *r, const struct tag *tag)
{
    const struct revoked *v = find_revoked(r, tag->block);
    uint32_t magic = be32(JBD2_MAGIC);

    if (!data_fits(r, tag))
        return ext4_damaged(r->fs, "checksum in the journal, for block",
                            tag->block);
    if (v && !before(v->sequence, r->sequence))
        return 0;
    if (tag->flags & JBD2_ESCAPED)
        memcpy(r->data, &magic, sizeof(magic));
    r->nr_replayed++;
    return ext4_write_blocks(r->fs, tag->block, 1, r->data);
}

static int descriptor(struct replay *r)
{
    uint32_t at = sizeof(struct jbd2_header);
    struct tag tag;
    int err = 0;

    while (!err && next_tag(r, &at, &tag)) {
        err = next_block(r, r->data);
        if (!err && r->pass == REPLAY)
            err = replay_block(r, &tag);
        if (tag.flags & JBD2_LAST_TAG)
            break;
    }
    return err;
}

static int revoke_block(struct replay *r)
{
    uint32_t used = be32(((struct jbd2_revoke *)r->block)->count);
    uint32_t size = r->j->incompat & JBD2_F_64BIT ? 8 : 4;
    uint32_t room = r->fs->block_bytes - (r->j->csum ? 4 : 0);
    int err = 0;

    if (r->pass != REVOKE)
        return 0;
    if (used > room)
        return ext4_damaged(r->fs, "a revoke block of the journal", used);
    for (uint32_t at = sizeof(struct jbd2_revoke); !err && at + size <= used;
         at += size) {
        uint64_t block = get32(r->block + at);

        if (size == 8)
            block = block << 32 | get32(r->block + at + 4);
        err = add_revoked(r, block);
    }
    return err;
}

/* One block of the log and what belongs to it. 1: here the log ends. */
static int step(struct replay *r)
{
    const struct jbd2_header *h = (const struct jbd2_header *)r->block;
    int err;

    if (r->pass != SCAN && r->sequence == r->end)
        return 1;
    err = next_block(r, r->block);
    if (err)
        return err;
    if (be32(h->magic) != JBD2_MAGIC || be32(h->sequence) != r->sequence)
        return 1;
    switch (be32(h->type)) {
    case JBD2_DESCRIPTOR:
        return tail_fits(r) ? descriptor(r) : 1;
    case JBD2_REVOKE:
        return tail_fits(r) ? revoke_block(r) : 1;
    case JBD2_COMMIT:
        if (!commit_fits(r))
            return 1;
        r->sequence++;
        return 0;
    default:
        return 1;
    }
}

static int run_pass(struct replay *r, enum pass pass)
{
    int err;

    r->pass = pass;
    r->sequence = r->j->sequence;
    r->log = be32(r->j->super->start);
    r->steps = 0;
    do
        err = step(r);
    while (!err);
    if (pass == SCAN)
        r->end = r->sequence;
    return err < 0 ? err : 0;
}

static void clean_up(struct replay *r)
{
    for (uint32_t i = 0; i < BUCKETS; i++)
        while (r->revoked[i]) {
            struct revoked *v = r->revoked[i];

            r->revoked[i] = v->next;
            kfree(v);
        }
    kfree(r->block);
    kfree(r->data);
    kfree(r);
}

int ext4_journal_replay(struct ext4 *fs, struct ext4_journal *j, uint32_t *next)
{
    struct replay *r = kzalloc(sizeof(*r));
    int err = 0;

    if (!r)
        return -ENOMEM;
    r->fs = fs;
    r->j = j;
    r->block = kmalloc(fs->block_bytes);
    r->data = kmalloc(fs->block_bytes);
    if (!r->block || !r->data)
        err = -ENOMEM;
    if (!err)
        err = run_pass(r, SCAN);
    if (!err)
        err = run_pass(r, REVOKE);
    if (!err)
        err = run_pass(r, REPLAY);
    if (!err)
        err = ext4_flush(fs);
    /* One more: what a torn commit left behind never counts. */
    *next = r->end + 1;
    if (!err)
        klog(LOG_WARN, "%s: %lu blocks replayed from its journal", fs->source,
             r->nr_replayed);
    clean_up(r);
    return err;
}
