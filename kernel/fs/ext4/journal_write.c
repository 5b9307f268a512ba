/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A commit: revoked blocks, descriptors each followed by the blocks that they
 * list, a flush, the commit block, a flush.
 */
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/fs/ext4/journal.h"
#include "lib/string.h"

static int batch_write(struct ext4 *fs)
{
    struct ext4_journal *j = fs->journal;
    uint32_t nr = j->nr_batch;

    j->nr_batch = 0;
    return nr ? ext4_write_blocks(fs, j->batch_block, nr, j->batch) : 0;
}

/* The next block of the log, to be filled before the next call. */
static int log_block(struct ext4 *fs, uint8_t **out)
{
    struct ext4_journal *j = fs->journal;
    uint64_t block = ext4_log_block(j, j->head);
    int err = 0;

    if (!j->free)
        return -ENOSPC;
    if (j->nr_batch == BATCH_BLOCKS ||
        (j->nr_batch && block != j->batch_block + j->nr_batch))
        err = batch_write(fs);
    if (!j->nr_batch)
        j->batch_block = block;
    *out = j->batch + (size_t)j->nr_batch++ * fs->block_bytes;
    j->head = ext4_log_next(j, j->head);
    j->free--;
    return err;
}

static void put_header(const struct ext4_journal *j, void *block, uint32_t type)
{
    struct jbd2_header *h = block;

    h->magic = be32(JBD2_MAGIC);
    h->type = be32(type);
    h->sequence = be32(j->sequence);
}

/* Of a descriptor or revoke block: its last word. */
static void put_tail(const struct ext4 *fs, uint8_t *block)
{
    uint32_t crc, at = fs->block_bytes - (uint32_t)sizeof(crc);

    if (!fs->journal->csum)
        return;
    memset(block + at, 0, sizeof(crc));
    crc = be32(crc32c(fs->journal->seed, block, fs->block_bytes));
    memcpy(block + at, &crc, sizeof(crc));
}

static int write_revoked(struct ext4 *fs)
{
    const struct ext4_journal *j = fs->journal;
    bool wide = j->incompat & JBD2_F_64BIT;
    uint32_t size = wide ? 8 : 4, done = 0;
    uint32_t room = (fs->block_bytes - sizeof(struct jbd2_revoke) - 4) / size;

    while (done < fs->nr_revoked) {
        uint32_t nr = fs->nr_revoked - done;
        struct jbd2_revoke *r;
        uint8_t *block;
        int err = log_block(fs, &block);

        if (err)
            return err;
        nr = nr < room ? nr : room;
        memset(block, 0, fs->block_bytes);
        put_header(j, block, JBD2_REVOKE);
        r = (struct jbd2_revoke *)block;
        r->count = be32(sizeof(*r) + nr * size);
        for (uint32_t i = 0; i < nr; i++) {
            uint64_t v = __builtin_bswap64(fs->revoked[done + i]);

            memcpy(block + sizeof(*r) + i * size, (char *)&v + 8 - size, size);
        }
        put_tail(fs, block);
        done += nr;
    }
    return 0;
}

/* How large a tag is, without the UUID behind the first. */
static uint32_t tag_bytes(const struct ext4_journal *j)
{
    if (j->csum)
        return sizeof(struct jbd2_tag3);
    return j->incompat & JBD2_F_64BIT ? 12 : 8;
}

static void put_tag(const struct ext4_journal *j, uint8_t *at,
                    const struct ext4_buf *b, uint32_t flags, uint32_t crc)
{
    uint32_t lo = be32((uint32_t)b->block), hi = be32(b->block >> 32);

    if (j->csum) {
        struct jbd2_tag3 tag = {lo, be32(flags), hi, be32(crc)};

        memcpy(at, &tag, sizeof(tag));
        return;
    }
    memcpy(at, &lo, 4);
    memset(at + 4, 0, 2);
    memcpy(at + 6, &(uint16_t){be16((uint16_t)flags)}, 2);
    if (j->incompat & JBD2_F_64BIT)
        memcpy(at + 8, &hi, 4);
}

static uint32_t block_checksum(const struct ext4 *fs, const uint8_t *block)
{
    uint32_t sequence = be32(fs->journal->sequence);
    uint32_t crc = crc32c(fs->journal->seed, &sequence, sizeof(sequence));

    return crc32c(crc, block, fs->block_bytes);
}

/* A block that begins like a journal block goes without that word. */
static uint32_t escape(uint8_t *block)
{
    uint32_t magic = be32(JBD2_MAGIC);

    if (memcmp(block, &magic, sizeof(magic)) != 0)
        return 0;
    memset(block, 0, sizeof(magic));
    return JBD2_ESCAPED;
}

struct descriptor {
    uint8_t *block; /* in memory of its own until it is full */
    uint32_t used;
    uint64_t log; /* where it will be */
    bool first;
};

static int begin_descriptor(struct ext4 *fs, struct descriptor *d)
{
    struct ext4_journal *j = fs->journal;
    uint8_t *unused;
    int err = batch_write(fs);

    if (err)
        return err;
    d->log = ext4_log_block(j, j->head);
    err = log_block(fs, &unused);
    j->nr_batch = 0; /* it is written when it is full */
    memset(d->block, 0, fs->block_bytes);
    put_header(j, d->block, JBD2_DESCRIPTOR);
    d->used = sizeof(struct jbd2_header);
    d->first = true;
    return err;
}

static int end_descriptor(struct ext4 *fs, struct descriptor *d)
{
    put_tail(fs, d->block);
    d->used = 0;
    return ext4_write_blocks(fs, d->log, 1, d->block);
}

static int log_buf(struct ext4 *fs, struct descriptor *d, struct ext4_buf *b)
{
    struct ext4_journal *j = fs->journal;
    uint32_t size = tag_bytes(j), flags = d->first ? 0 : JBD2_SAME_UUID;
    uint8_t *block, *tag = d->block + d->used;
    uint32_t with_uuid = d->first ? 16 : 0;
    bool last = b->tx.next == &fs->tx;
    int err = log_block(fs, &block);

    if (err)
        return err;
    memcpy(block, b->data, fs->block_bytes);
    flags |= escape(block);
    d->used += size + with_uuid;
    if (last || d->used + size + 4 > fs->block_bytes) {
        flags |= JBD2_LAST_TAG;
        last = true;
    }
    put_tag(j, tag, b, flags, block_checksum(fs, block));
    if (with_uuid)
        memcpy(tag + size, j->super->uuid, 16);
    d->first = false;
    return last ? end_descriptor(fs, d) : 0;
}

static int write_blocks(struct ext4 *fs, uint8_t *memory)
{
    struct descriptor d = {.block = memory};
    int err = 0;

    list_for_each(pos, &fs->tx)
    {
        if (!d.used)
            err = begin_descriptor(fs, &d);
        if (!err)
            err = log_buf(fs, &d, container_of(pos, struct ext4_buf, tx));
        if (err)
            return err;
    }
    return 0;
}

static int write_commit(struct ext4 *fs)
{
    struct ext4_journal *j = fs->journal;
    int64_t now = clock_real_ns();
    struct jbd2_commit *c;
    uint8_t *block;
    int err = log_block(fs, &block);

    if (err)
        return err;
    memset(block, 0, fs->block_bytes);
    put_header(j, block, JBD2_COMMIT);
    c = (struct jbd2_commit *)block;
    c->sec_hi = be32((uint32_t)(now / (int64_t)NSEC_PER_SEC >> 32));
    c->sec_lo = be32((uint32_t)(now / (int64_t)NSEC_PER_SEC));
    c->nsec = be32((uint32_t)(now % (int64_t)NSEC_PER_SEC));
    if (j->csum)
        c->checksum[0] = be32(crc32c(j->seed, block, fs->block_bytes));
    return batch_write(fs);
}

static void now_logged(struct ext4 *fs)
{
    while (!list_empty(&fs->tx)) {
        struct ext4_buf *b = container_of(fs->tx.next, struct ext4_buf, tx);

        list_remove(&b->tx);
        b->in_tx = false;
        if (!b->is_logged) {
            b->is_logged = true;
            list_push_back(&fs->logged, &b->logged);
            fs->nr_logged++;
        }
    }
    fs->nr_tx = 0;
}

int ext4_journal_commit(struct ext4 *fs)
{
    int err = write_revoked(fs);

    if (!err)
        err = write_blocks(fs, fs->journal->descriptor);
    if (!err)
        err = batch_write(fs);
    if (!err)
        err = ext4_flush(fs);
    if (!err)
        err = write_commit(fs);
    if (!err)
        err = ext4_flush(fs);
    if (err)
        return err;
    fs->journal->sequence++;
    now_logged(fs);
    return 0;
}
