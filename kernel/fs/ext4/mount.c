/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounting a block device, and leaving it clean.
 */
#include "kernel/fs/ext4/mount.h"

#include "kernel/core/alloc.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/fs/ext4/crc32c.h"
#include "kernel/fs/ext4/ext4.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/mount.h"
#include "lib/fmt.h"

enum { MAX_TX_PLAIN = 1024, MIN_PAGES = 1024, MAX_PAGES = 65536 };

static struct ext4 *mounted;

/* Interface of statfs(2). */
static int statfs(struct super *super, struct kstatfs *out)
{
    const struct ext4 *fs = super->data;

    out->type = EXT4_MAGIC;
    out->bsize = fs->block_bytes;
    out->blocks = fs->nr_blocks;
    out->bfree = ext4_free_blocks(fs);
    out->files = fs->sb->inodes_count;
    out->ffree = fs->sb->free_inodes;
    return 0;
}

static void write_back(struct timer *timer)
{
    ext4_sync(container_of(timer, struct ext4, timer));
}

static struct ext4 *make(const struct ext4_place *place, bool read_only)
{
    const struct abi_blk_info *info = &platform.boot->blk[place->dev];
    struct ext4 *fs = kzalloc(sizeof(*fs));
    uint64_t pages = platform.boot->mem_limit_bytes / PAGE_BYTES / 4;

    if (!fs)
        return NULL;
    fs->dev = place->dev;
    fs->dev_off = place->off;
    fs->dev_bytes =
        place->len_bytes ? place->len_bytes : info->len_bytes - place->off;
    fs->read_only = read_only || (info->flags & 1);
    snprintf(fs->source, sizeof(fs->source), "disk%u", place->dev);
    list_init(&fs->lru);
    list_init(&fs->tx);
    list_init(&fs->logged);
    list_init(&fs->dirty_nodes);
    list_init(&fs->orphans);
    list_init(&fs->dirty_data);
    list_init(&fs->chunks);
    fs->timer.fn = write_back;
    fs->tid = 1;
    fs->max_pages = pages < MIN_PAGES   ? MIN_PAGES
                    : pages > MAX_PAGES ? MAX_PAGES
                                        : pages;
    fs->super.type = "ext4";
    fs->super.source = fs->source;
    fs->super.options = ",relatime";
    fs->super.flags = fs->read_only ? SUPER_RDONLY : 0;
    fs->super.dev = mount_new_dev();
    fs->super.statfs = statfs;
    fs->super.data = fs;
    return fs;
}

static void free_all(struct ext4 *fs)
{
    timer_cancel(&fs->timer);
    while (!list_empty(&fs->tx))
        ext4_buf_drop(fs, container_of(fs->tx.next, struct ext4_buf, tx));
    while (!list_empty(&fs->logged))
        ext4_buf_drop(fs,
                      container_of(fs->logged.next, struct ext4_buf, logged));
    ext4_journal_close(fs);
    ext4_buf_put(fs->super_buf);
    ext4_buf_drop_all(fs);
    kfree(fs->late.data);
    kfree(fs->freed);
    kfree(fs->revoked);
    kfree(fs);
}

/* The journal's replay may have changed anything. */
static int read_again(struct ext4 *fs)
{
    ext4_buf_put(fs->super_buf);
    fs->super_buf = NULL;
    ext4_buf_drop_all(fs);
    return ext4_super_read(fs);
}

static int open_journal(struct ext4 *fs)
{
    int err;

    if (!(fs->sb->feature_compat & EXT4_HAS_JOURNAL))
        return 0;
    if (fs->sb->journal_inum != EXT4_JOURNAL_INO)
        return ext4_damaged(fs, "the journal's place, inode",
                            fs->sb->journal_inum);
    err = ext4_journal_open(fs);
    return err ? err : read_again(fs);
}

/* From here on a crash leaves something to do. */
static int start_writing(struct ext4 *fs)
{
    struct ext4_super *s = fs->sb;
    int err;

    s->mtime = (uint32_t)(clock_real_ns() / (int64_t)NSEC_PER_SEC);
    s->mnt_count++;
    if (fs->journal) {
        fs->max_tx = ext4_journal_blocks(fs) / 4;
        s->feature_incompat |= EXT4_RECOVER;
    } else {
        fs->max_tx = MAX_TX_PLAIN;
        s->state &= (uint16_t)~EXT4_STATE_VALID;
        klog(LOG_WARN, "%s: it has no journal: a crash may damage it",
             fs->source);
    }
    err = ext4_super_write(fs);
    return err || !fs->journal ? err : ext4_journal_start(fs);
}

static int load_root(struct ext4 *fs)
{
    struct ext4_node *root;
    int err = ext4_node_get(fs, EXT4_ROOT_INO, &root);

    if (err)
        return err;
    if (!S_ISDIR(root->inode.mode) || !root->inode.nlink) {
        err = ext4_damaged(fs, "the root directory", EXT4_ROOT_INO);
        root->inode.nlink = 1;
    }
    if (!err) {
        fs->super.root = dentry_root(&fs->super, &root->inode);
        err = fs->super.root ? 0 : -ENOMEM;
    }
    if (err)
        inode_put(&root->inode);
    return err;
}

static int open_all(struct ext4 *fs)
{
    int err = ext4_super_read(fs);

    if (!err)
        err = open_journal(fs);
    if (!err)
        err = ext4_groups_check(fs);
    if (!err && !fs->read_only)
        err = start_writing(fs);
    if (!err && !fs->read_only && fs->sb->last_orphan)
        err = ext4_orphans_finish(fs);
    return err ? err : load_root(fs);
}

int ext4_mount(const struct ext4_place *place, bool read_only,
               struct super **out)
{
    struct ext4 *fs;
    int err;

    if (place->dev >= platform.boot->nr_blk)
        return -ENODEV;
    crc32c_init();
    fs = make(place, read_only);
    if (!fs)
        return -ENOMEM;
    err = open_all(fs);
    if (err) {
        fs->aborted = err;
        free_all(fs);
        return err;
    }
    fs->next = mounted;
    mounted = fs;
    *out = &fs->super;
    return 0;
}

int ext4_sync_all(void)
{
    int first = 0;

    for (struct ext4 *fs = mounted; fs; fs = fs->next) {
        int err = ext4_sync(fs);

        first = first ? first : err;
    }
    return first;
}

/* Files that were removed while they were open. */
static int end_orphans(struct ext4 *fs)
{
    int err = 0;

    while (!err && !list_empty(&fs->orphans))
        err = ext4_node_destroy(
            container_of(fs->orphans.next, struct ext4_node, orphan));
    return err;
}

/* Nothing is left to be done by the next mount. */
static int leave_clean(struct ext4 *fs)
{
    int err = fs->read_only ? 0 : end_orphans(fs);

    if (!err)
        err = ext4_sync(fs);
    if (err || fs->read_only)
        return err;
    if (fs->journal) {
        err = ext4_checkpoint(fs);
        if (!err)
            err = ext4_journal_emptied(fs, true);
        fs->sb->feature_incompat &= ~(uint32_t)EXT4_RECOVER;
    } else {
        fs->sb->state |= EXT4_STATE_VALID;
    }
    return err ? err : ext4_super_write(fs);
}

void ext4_leave_all(void)
{
    for (struct ext4 *fs = mounted; fs; fs = fs->next) {
        leave_clean(fs);
        timer_cancel(&fs->timer);
        fs->read_only = true;
    }
}

int ext4_unmount(struct super *super)
{
    struct ext4 **p = &mounted, *fs = super->data;
    int err;

    dentry_put(super->root);
    err = leave_clean(fs);
    while (*p != fs)
        p = &(*p)->next;
    *p = fs->next;
    free_all(fs);
    return err;
}
