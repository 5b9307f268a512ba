/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transactions: what was changed since the last commit gets to the disk at
 * once, by way of the journal. Data that new blocks hold is written before
 * (Linux calls that data=ordered).
 */
#include "kernel/core/alloc.h"
#include "kernel/fs/ext4/ext4.h"

enum {
    FREED_MAX = 2048,
    REVOKED_MAX = 2048,
    LOGGED_MAX = 1024,
    FEW_BLOCKS = 512
};
#define COMMIT_NS (UINT64_C(5) * NSEC_PER_SEC)

void ext4_write_back_later(struct ext4 *fs)
{
    if (!timer_armed(&fs->timer))
        timer_set(&fs->timer, clock_mono_ns() + COMMIT_NS);
}

/* Blocks that were freed may be used again after a commit: soon, if there are
 * few others. */
static bool short_of_blocks(const struct ext4 *fs)
{
    return fs->freed_blocks &&
           ext4_free_blocks(fs) < fs->freed_blocks + FEW_BLOCKS;
}

int ext4_begin_large(struct ext4 *fs, uint32_t nr)
{
    if (fs->read_only || fs->aborted)
        return -EROFS;
    if (nr > fs->max_tx)
        return -EFBIG;
    ext4_write_back_later(fs);
    if (fs->nr_tx + nr <= fs->max_tx && fs->nr_freed < FREED_MAX &&
        fs->nr_revoked < REVOKED_MAX && !short_of_blocks(fs))
        return 0;
    return ext4_commit(fs);
}

static void all_written(struct ext4 *fs)
{
    while (!list_empty(&fs->tx)) {
        struct ext4_buf *b = container_of(fs->tx.next, struct ext4_buf, tx);

        list_remove(&b->tx);
        b->in_tx = false;
    }
    fs->nr_tx = 0;
}

static int write_home(struct ext4 *fs)
{
    list_for_each(pos, &fs->tx)
    {
        struct ext4_buf *b = container_of(pos, struct ext4_buf, tx);
        int err = ext4_write_late(fs, b->block, 1, b->data);

        if (err)
            return err;
    }
    all_written(fs);
    return ext4_flush(fs);
}

static int commit(struct ext4 *fs)
{
    int err = ext4_nodes_store(fs);

    if (!err)
        err = ext4_data_write_ordered(fs);
    if (err || !fs->nr_tx)
        return err;
    err = fs->journal ? ext4_journal_commit(fs) : write_home(fs);
    if (err)
        return err;
    fs->tid++;
    fs->nr_freed = fs->nr_revoked = 0;
    fs->freed_blocks = 0;
    if (fs->journal && (ext4_journal_full(fs) || fs->nr_logged > LOGGED_MAX))
        err = ext4_checkpoint(fs);
    return err;
}

int ext4_commit(struct ext4 *fs)
{
    int err = fs->aborted ? -EIO : commit(fs);

    return err ? ext4_abort(fs, err, "writing") : 0;
}

int ext4_sync(struct ext4 *fs)
{
    int err;

    if (fs->read_only)
        return 0;
    err = ext4_data_write_all(fs);
    if (!err)
        err = ext4_commit(fs);
    return err ? err : ext4_flush(fs);
}

int ext4_checkpoint(struct ext4 *fs)
{
    int err = 0;

    while (!err && !list_empty(&fs->logged)) {
        struct ext4_buf *b =
            container_of(fs->logged.next, struct ext4_buf, logged);

        err = ext4_write_late(fs, b->block, 1, b->data);
        list_remove(&b->logged);
        b->is_logged = false;
        fs->nr_logged--;
    }
    if (!err)
        err = ext4_flush(fs);
    return err ? err : ext4_journal_emptied(fs, false);
}
