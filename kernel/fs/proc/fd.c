/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/PID/fd and fdinfo: one entry for each open descriptor. The links lead
 * to the open object itself.
 */
#include <linux/errno.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/proc/tables.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/vfs.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum { TEXT_MAX = 64, PATH_BYTES = 4096 };

bool proc_fd_next(uint64_t arg, uint64_t *nr)
{
    int fd = *nr <= INT32_MAX ? fd_next((int)*nr) : -1;

    (void)arg;
    if (fd < 0)
        return false;
    *nr = (uint64_t)fd;
    return true;
}

static int describe(struct file *f, char *buf, size_t size)
{
    struct kstat st = {0};

    if (f->ops->stat)
        f->ops->stat(f, &st);
    else if (f->inode)
        inode_stat(f->inode, &st);
    if (S_ISFIFO(st.mode))
        return snprintf(buf, size, "pipe:[%lu]", st.ino);
    if (S_ISSOCK(st.mode))
        return snprintf(buf, size, "socket:[%lu]", st.ino);
    if (S_ISCHR(st.mode))
        return snprintf(buf, size, "/dev/console");
    return snprintf(buf, size, "anon_inode:%s", f->ops->name);
}

static int fd_readlink(uint64_t arg, char *buf, size_t size_bytes)
{
    struct file *f = fd_file((int)arg);
    char *text;
    int len;

    if (!f)
        return -ENOENT;
    text = kmalloc(PATH_BYTES);
    if (!text)
        return -ENOMEM;
    len = f->dentry ? file_path(f, text, PATH_BYTES)
                    : describe(f, text, TEXT_MAX);
    if (len > 0) {
        len = (size_t)len < size_bytes ? len : (int)size_bytes;
        memcpy(buf, text, (size_t)len);
    }
    kfree(text);
    return len;
}

static void stub_evict(struct inode *inode)
{
    kfree(inode);
}

/* Shows what fstat(2) of the descriptor shows; cannot be opened. */
static const struct inode_ops stub_ops = {.evict = stub_evict};

static struct inode *stub_inode(struct file *f)
{
    static struct super super = {.type = "anon_inodefs"};
    struct inode *inode = kzalloc(sizeof(*inode));
    struct kstat st = {.mode = 0600, .ino = 1};

    if (!inode)
        return NULL;
    if (f->ops->stat)
        f->ops->stat(f, &st);
    inode_init(inode, &super, &stub_ops, st.ino, st.mode);
    return inode;
}

static int anonymous(struct file *f, struct dentry **out)
{
    char name[TEXT_MAX];
    struct inode *inode = f->inode;

    describe(f, name, sizeof(name));
    if (inode)
        inode_get(inode);
    else
        inode = stub_inode(f);
    *out = inode ? dentry_anonymous(inode, name) : NULL;
    if (inode)
        inode_put(inode);
    return *out ? 0 : -ENOMEM;
}

static int fd_follow(uint64_t arg, struct dentry **out)
{
    struct file *f = fd_file((int)arg);

    if (!f)
        return -ENOENT;
    if (!f->dentry)
        return anonymous(f, out);
    dentry_get(f->dentry);
    *out = f->dentry;
    return 0;
}

static void fdinfo_show(struct seq *s, uint64_t arg)
{
    struct file *f = fd_file((int)arg);
    unsigned cloexec = fd_cloexec((int)arg) ? 02000000 : 0;
    const struct super *super;

    if (!f)
        return;
    super = f->inode ? f->inode->super : NULL;
    seq_printf(s, "pos:\t%lu\nflags:\t0%o\nmnt_id:\t%u\nino:\t%lu\n", f->off,
               (f->flags & ~02000000u) | cloexec, super ? super->mount_id : 0,
               f->inode ? f->inode->ino : 0);
}

const struct pseudo_node proc_fd_each = {
    .mode = 0700, .readlink = fd_readlink, .follow = fd_follow};
const struct pseudo_node proc_fdinfo_each = {.mode = 0400, .show = fdinfo_show};
