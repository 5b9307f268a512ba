/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Orphans: inodes without a name that are still open, and files that are being
 * cut. They are chained from the superblock through i_dtime, so that the next
 * mount can finish what a crash broke off.
 */
#include "kernel/core/log.h"
#include "kernel/fs/ext4/ext4.h"
#include "kernel/vfs/mode.h"

int ext4_orphan_add(struct ext4_node *n)
{
    struct ext4 *fs = n->fs;

    if (n->is_orphan)
        return 0;
    n->dtime = fs->sb->last_orphan;
    fs->sb->last_orphan = (uint32_t)n->inode.ino;
    n->is_orphan = true;
    list_push_front(&fs->orphans, &n->orphan);
    ext4_super_dirty(fs);
    return ext4_node_dirty(n);
}

int ext4_orphan_del(struct ext4_node *n)
{
    struct ext4 *fs = n->fs;
    int err;

    if (n->orphan.prev == &fs->orphans) {
        fs->sb->last_orphan = n->dtime;
        ext4_super_dirty(fs);
    } else {
        struct ext4_node *before =
            container_of(n->orphan.prev, struct ext4_node, orphan);

        before->dtime = n->dtime;
        err = ext4_node_dirty(before);
        if (err)
            return err;
    }
    list_remove(&n->orphan);
    n->is_orphan = false;
    n->dtime = 0;
    return ext4_node_dirty(n);
}

/* The whole chain, so that any of it can be taken out. */
static int load_chain(struct ext4 *fs)
{
    uint32_t ino = fs->sb->last_orphan, nr = 0;

    while (ino) {
        struct ext4_node *n;
        int err;

        if (ino < fs->sb->first_ino || nr++ > fs->sb->inodes_count)
            return ext4_damaged(fs, "the list of orphans", ino);
        err = ext4_node_get(fs, ino, &n);
        if (err)
            return err;
        if (n->is_orphan) {
            inode_put(&n->inode);
            return ext4_damaged(fs, "the list of orphans goes round", ino);
        }
        n->is_orphan = true;
        list_push_back(&fs->orphans, &n->orphan);
        ino = n->dtime;
    }
    return 0;
}

static int finish(struct ext4_node *n)
{
    struct ext4 *fs = n->fs;
    uint64_t blocks =
        (n->inode.size_bytes + fs->block_bytes - 1) >> fs->block_shift;
    int err = 0;

    if (!n->inode.nlink)
        return 0; /* its last reference ends it */
    if (blocks < (UINT64_C(1) << 32) && S_ISREG(n->inode.mode))
        err = ext4_cut_all(n, (uint32_t)blocks, UINT64_C(1) << 32);
    if (!err)
        err = ext4_begin(fs);
    return err ? err : ext4_orphan_del(n);
}

int ext4_orphans_finish(struct ext4 *fs)
{
    int err = load_chain(fs), nr = 0;

    while (!list_empty(&fs->orphans)) {
        struct ext4_node *n =
            container_of(fs->orphans.next, struct ext4_node, orphan);

        if (!err)
            err = finish(n);
        if (err) { /* the chain stays as it is on disk */
            ext4_abort(fs, err, "clearing away unfinished files");
            list_remove(&n->orphan);
        }
        inode_put(&n->inode);
        nr++;
    }
    if (nr && !err)
        klog(LOG_WARN, "%s: %d unfinished files cleared away", fs->source, nr);
    return err ? err : fs->aborted ? -EIO : ext4_commit(fs);
}
