/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inodes: life, attributes, permission.
 */
#include "kernel/vfs/inode.h"

#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/resource.h>

#include "kernel/core/clock.h"
#include "kernel/sched/signal.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/cred.h"
#include "kernel/vfs/mode.h"
#include "lib/string.h"

enum { BLOCK_BYTES = 4096 };
#define RELATIME_NS (INT64_C(24) * 3600 * 1000000000)

void inode_init(struct inode *inode, struct super *super,
                const struct inode_ops *ops, uint64_t ino, uint32_t mode)
{
    int64_t now = clock_real_ns();

    memset(inode, 0, sizeof(*inode));
    inode->ops = ops;
    inode->super = super;
    inode->ino = ino;
    inode->mode = mode;
    inode->nlink = 1;
    inode->refs = 1;
    inode->atime_ns = inode->mtime_ns = now;
    inode->ctime_ns = inode->btime_ns = now;
}

void inode_put(struct inode *inode)
{
    if (--inode->refs == 0 && inode->ops->evict)
        inode->ops->evict(inode);
}

int inode_stat(struct inode *inode, struct kstat *st)
{
    st->dev = inode->super ? inode->super->dev : 0;
    st->ino = inode->ino;
    st->rdev = inode->rdev;
    st->size_bytes = inode->size_bytes;
    st->blocks = (inode->size_bytes + 511) / 512;
    st->mode = inode->mode;
    st->nlink = inode->nlink;
    st->uid = inode->uid;
    st->gid = inode->gid;
    st->blksize = BLOCK_BYTES;
    st->atime_ns = inode->atime_ns;
    st->mtime_ns = inode->mtime_ns;
    st->ctime_ns = inode->ctime_ns;
    st->btime_ns = inode->btime_ns;
    return inode->ops->getattr ? inode->ops->getattr(inode, st) : 0;
}

void inode_touch(struct inode *inode)
{
    inode->mtime_ns = inode->ctime_ns = clock_real_ns();
}

void inode_changed(struct inode *inode)
{
    inode->ctime_ns = clock_real_ns();
}

void inode_take_attr(struct inode *inode, const struct iattr *attr)
{
    if (attr->valid & ATTR_MODE)
        inode->mode = attr->mode;
    if (attr->valid & ATTR_UID)
        inode->uid = attr->uid;
    if (attr->valid & ATTR_GID)
        inode->gid = attr->gid;
    if (attr->valid & ATTR_ATIME)
        inode->atime_ns = attr->atime_ns;
    if (attr->valid & ATTR_MTIME)
        inode->mtime_ns = attr->mtime_ns;
    inode_changed(inode);
}

void inode_accessed(struct inode *inode)
{
    int64_t now;

    if (inode->super->flags & SUPER_RDONLY)
        return;
    now = clock_real_ns();
    if (inode->atime_ns <= inode->mtime_ns ||
        inode->atime_ns <= inode->ctime_ns ||
        now - inode->atime_ns > RELATIME_NS)
        inode->atime_ns = now;
}

bool inode_in_group(uint32_t gid)
{
    return gid == process.egid || cred_in_groups(gid);
}

int inode_permission_as(struct inode *inode, uint32_t mask, uint32_t uid,
                        uint32_t gid)
{
    uint32_t mode = inode->mode;

    if ((mask & 2) && (inode->super->flags & SUPER_RDONLY) &&
        !(S_ISCHR(mode) || S_ISFIFO(mode) || S_ISSOCK(mode)))
        return -EROFS;
    if (uid == 0) {
        if ((mask & 1) && !S_ISDIR(mode) && !(mode & 0111))
            return -EACCES;
        return 0;
    }
    if (uid == inode->uid)
        mode >>= 6;
    else if (gid == inode->gid || cred_in_groups(inode->gid))
        mode >>= 3;
    return (mask & ~mode & 7) ? -EACCES : 0;
}

int inode_permission(struct inode *inode, uint32_t mask)
{
    return inode_permission_as(inode, mask, process.euid, process.egid);
}

int inode_check_size(uint64_t size_bytes)
{
    struct siginfo_k info = {.signo = SIGXFSZ, .pid = 1};

    if (size_bytes <= process.limits[RLIMIT_FSIZE].soft)
        return 0;
    signal_send_thread(current_thread(), &info);
    return -EFBIG;
}

static struct inode *running;

void inode_set_running(struct inode *inode)
{
    struct inode *old = running;

    inode_get(inode);
    running = inode;
    if (old)
        inode_put(old);
}

int inode_check_running(const struct inode *inode)
{
    return inode == running ? -ETXTBSY : 0;
}

int inode_owner(struct inode *inode)
{
    return process.euid == 0 || process.euid == inode->uid ? 0 : -EPERM;
}

/* chown(2) by who may not raise privileges, and writes, drop set-id bits. */
static void drop_setid(struct inode *inode, struct iattr *attr)
{
    uint32_t mode = attr->valid & ATTR_MODE ? attr->mode : inode->mode;

    if (S_ISDIR(inode->mode) || !(mode & (S_ISUID | S_ISGID)))
        return;
    mode &= ~S_ISUID;
    if (mode & S_IXGRP)
        mode &= ~S_ISGID;
    attr->valid |= ATTR_MODE;
    attr->mode = mode;
}

int inode_setattr(struct inode *inode, struct iattr *attr)
{
    if (inode->super->flags & SUPER_RDONLY)
        return -EROFS;
    if (!inode->ops->setattr)
        return -EPERM;
    if ((attr->valid & (ATTR_UID | ATTR_GID)))
        drop_setid(inode, attr);
    if (attr->valid & ATTR_MODE)
        attr->mode = (attr->mode & 07777) | (inode->mode & S_IFMT);
    return inode->ops->setattr(inode, attr);
}
