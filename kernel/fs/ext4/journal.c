/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The journal (jbd2): finding it, its superblock, when it is full.
 */
#include "kernel/fs/ext4/journal.h"

#include "kernel/core/alloc.h"
#include "kernel/core/log.h"
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/vfs/mode.h"
#include "lib/string.h"

enum {
    KNOWN_INCOMPAT = JBD2_F_REVOKE | JBD2_F_64BIT | JBD2_F_CSUM_V3,
    LOG_MIN = 256,
};

uint64_t ext4_log_block(const struct ext4_journal *j, uint32_t log)
{
    for (uint32_t i = 0; i < j->nr_runs; i++)
        if (log - j->runs[i].log < j->runs[i].len)
            return j->runs[i].block + (log - j->runs[i].log);
    return 0;
}

static int add_run(struct ext4_journal *j, struct journal_run run)
{
    struct journal_run *p = krealloc(j->runs, (j->nr_runs + 1) * sizeof(*p));

    if (!p)
        return -ENOMEM;
    j->runs = p;
    j->runs[j->nr_runs++] = run;
    return 0;
}

static int find_runs(struct ext4 *fs, struct ext4_journal *j)
{
    struct ext4_node *n;
    uint64_t blocks;
    int err = ext4_node_get(fs, fs->sb->journal_inum, &n);

    if (err)
        return err;
    blocks = n->inode.size_bytes >> fs->block_shift;
    if (!S_ISREG(n->inode.mode) || blocks < LOG_MIN || blocks > UINT32_MAX)
        err = ext4_damaged(fs, "the journal's inode", fs->sb->journal_inum);
    for (uint32_t lblk = 0; !err && lblk < blocks;) {
        struct ext4_run run;

        err = ext4_map(n, lblk, &run);
        if (!err && !run.block)
            err = ext4_damaged(fs, "the journal has a hole", lblk);
        if (!err && run.len > blocks - lblk)
            run.len = (uint32_t)blocks - lblk;
        if (!err)
            err = add_run(j, (struct journal_run){lblk, run.len, run.block});
        lblk += run.len;
    }
    j->maxlen = (uint32_t)blocks;
    inode_put(&n->inode);
    return err;
}

static uint32_t super_checksum(struct jbd2_super *s)
{
    uint32_t old = s->checksum, crc;

    s->checksum = 0;
    crc = crc32c(~0u, s, sizeof(*s));
    s->checksum = old;
    return crc;
}

static int refuse(struct ext4 *fs, const char *what)
{
    klog(LOG_ERROR, "%s: its journal has a feature that is not supported: %s",
         fs->source, what);
    return -EOPNOTSUPP;
}

static int check_super(struct ext4 *fs, struct ext4_journal *j)
{
    struct jbd2_super *s = j->super;
    uint32_t type = be32(s->h.type), maxlen = be32(s->maxlen);

    if (be32(s->h.magic) != JBD2_MAGIC || type != JBD2_SUPER_V2 ||
        be32(s->blocksize) != fs->block_bytes || maxlen > j->maxlen ||
        maxlen < LOG_MIN || be32(s->first) == 0 ||
        be32(s->first) > maxlen / 2 || be32(s->start) >= maxlen)
        return ext4_damaged(fs, "the journal's superblock", 0);
    j->incompat = be32(s->feature_incompat);
    if (j->incompat & JBD2_F_CSUM_V2)
        return refuse(fs, "checksum_v2");
    if (j->incompat & JBD2_F_ASYNC_COMMIT)
        return refuse(fs, "async_commit");
    if (j->incompat & ~KNOWN_INCOMPAT)
        return refuse(fs, "fast_commit or newer");
    if (s->err)
        return ext4_damaged(fs, "an error stands in the journal", be32(s->err));
    j->csum = j->incompat & JBD2_F_CSUM_V3;
    if (j->csum && (s->checksum_type != JBD2_CRC32C ||
                    super_checksum(s) != be32(s->checksum)))
        return ext4_damaged(fs, "checksum of the journal's superblock", 0);
    j->maxlen = maxlen;
    j->first = be32(s->first);
    j->seed = crc32c(~0u, s->uuid, sizeof(s->uuid));
    j->sequence = be32(s->sequence);
    return 0;
}

static int load(struct ext4 *fs, struct ext4_journal *j)
{
    int err = find_runs(fs, j);

    if (err)
        return err;
    j->super = kmalloc(fs->block_bytes);
    j->batch = kmalloc((size_t)fs->block_bytes * BATCH_BLOCKS);
    j->descriptor = kmalloc(fs->block_bytes);
    if (!j->super || !j->batch || !j->descriptor)
        return -ENOMEM;
    err = ext4_read_blocks(fs, ext4_log_block(j, 0), 1, j->super);
    return err ? err : check_super(fs, j);
}

int ext4_journal_open(struct ext4 *fs)
{
    struct ext4_journal *j = kzalloc(sizeof(*j));
    int err = j ? 0 : -ENOMEM;
    uint32_t next;

    if (err)
        return err;
    fs->journal = j;
    err = load(fs, j);
    if (err || !j->super->start)
        return err;
    if (fs->read_only) {
        klog(LOG_ERROR,
             "%s: its journal must be replayed: mount it "
             "writable once",
             fs->source);
        return -EROFS;
    }
    err = ext4_journal_replay(fs, j, &next);
    if (err)
        return err;
    j->sequence = next;
    return ext4_journal_emptied(fs, true);
}

int ext4_journal_write_super(struct ext4 *fs)
{
    struct ext4_journal *j = fs->journal;
    struct jbd2_super *s = j->super;
    int err;

    s->feature_incompat = be32(j->incompat);
    if (j->csum) {
        s->checksum_type = JBD2_CRC32C;
        s->checksum = be32(super_checksum(s));
    }
    err = ext4_write_blocks(fs, ext4_log_block(j, 0), 1, s);
    return err ? err : ext4_flush(fs);
}

int ext4_journal_emptied(struct ext4 *fs, bool closed)
{
    struct ext4_journal *j = fs->journal;

    j->free = j->maxlen - j->first;
    j->super->sequence = be32(j->sequence);
    j->super->start = closed ? 0 : be32(j->head);
    return ext4_journal_write_super(fs);
}

int ext4_journal_start(struct ext4 *fs)
{
    struct ext4_journal *j = fs->journal;

    j->incompat |= JBD2_F_REVOKE;
    if (fs->sb->feature_incompat & EXT4_64BIT)
        j->incompat |= JBD2_F_64BIT;
    if (fs->csum)
        j->incompat |= JBD2_F_CSUM_V3;
    j->csum = j->incompat & JBD2_F_CSUM_V3;
    j->head = j->first;
    return ext4_journal_emptied(fs, false);
}

/* There must always be room for the largest transaction. */
bool ext4_journal_full(const struct ext4 *fs)
{
    const struct ext4_journal *j = fs->journal;

    return j->free < (j->maxlen - j->first) / 2;
}

uint32_t ext4_journal_blocks(const struct ext4 *fs)
{
    return fs->journal->maxlen - fs->journal->first;
}

void ext4_journal_close(struct ext4 *fs)
{
    struct ext4_journal *j = fs->journal;

    if (!j)
        return;
    kfree(j->super);
    kfree(j->batch);
    kfree(j->descriptor);
    kfree(j->runs);
    kfree(j);
    fs->journal = NULL;
}
