/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices by number, and the tmpfs on /dev with their names.
 */
#include "kernel/fs/dev/dev.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/random.h>
#include <linux/stat.h>

#include "kernel/core/cpu.h"
#include "kernel/core/random.h"
#include "kernel/core/uaccess.h"
#include "kernel/fs/console/console.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/mm/mm.h"
#include "kernel/sched/signal.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/namei.h"

enum { CHUNK = 256, ENTROPY_BITS = 256 };

/* As Linux's new_encode_dev() for small numbers. */
#define DEV(major, minor) ((uint64_t)(major) << 8 | (minor))

static int64_t swallow(struct file *f, struct uio *from, uint64_t *off)
{
    size_t n = from->resid_bytes;

    (void)f, (void)off;
    from->resid_bytes = 0;
    return n;
}

static int64_t null_read(struct file *f, struct uio *to, uint64_t *off)
{
    (void)f, (void)to, (void)off;
    return 0;
}

static int64_t zero_read(struct file *f, struct uio *to, uint64_t *off)
{
    (void)f, (void)off;
    return uio_zero(to, to->resid_bytes);
}

static int64_t full_write(struct file *f, struct uio *from, uint64_t *off)
{
    (void)f, (void)off;
    return from->resid_bytes ? -ENOSPC : 0;
}

static int64_t random_read(struct file *f, struct uio *to, uint64_t *off)
{
    uint8_t buf[CHUNK];
    int64_t done = 0;

    (void)f, (void)off;
    while (to->resid_bytes) {
        size_t n = to->resid_bytes < CHUNK ? to->resid_bytes : CHUNK;
        int64_t put;

        random_bytes(buf, n);
        put = uio_put(to, buf, n);
        if (put < 0)
            return done ? done : put;
        done += put;
        if ((done & 0xffff) == 0 && signal_pending())
            break;
    }
    return done;
}

static int64_t dev_seek(struct file *f, int64_t off, int whence)
{
    (void)f, (void)off, (void)whence;
    return 0;
}

static int zero_map(struct backing *b, uint64_t off, uint64_t addr,
                    size_t len_bytes, int prot, bool shared)
{
    (void)b, (void)off, (void)shared;
    return (int)platform.ops.mem_commit(addr, len_bytes, (uint32_t)prot);
}

static uint64_t zero_size(struct backing *b)
{
    (void)b;
    return INT64_MAX;
}

/* A private mapping of /dev/zero is fresh memory. Shared ones are what
 * MAP_SHARED|MAP_ANONYMOUS is for. */
static int zero_mmap(struct file *f, struct backing **out, int prot,
                     bool shared)
{
    static const struct backing_ops ops = {.map = zero_map, .size = zero_size};
    static struct backing zero = {.ops = &ops, .refs = 1};

    (void)f, (void)prot;
    if (shared)
        return -ENODEV;
    backing_get(&zero);
    *out = &zero;
    return 0;
}

static const struct file_ops null_fops = {
    .name = "null",
    .read = null_read,
    .write = swallow,
    .seek = dev_seek,
};
static const struct file_ops zero_fops = {
    .name = "zero",
    .read = zero_read,
    .write = swallow,
    .seek = dev_seek,
    .mmap = zero_mmap,
};
static const struct file_ops full_fops = {
    .name = "full",
    .read = zero_read,
    .write = full_write,
    .seek = dev_seek,
};
/* random(4): how much entropy there is, which is enough from the start.
 * Foreign ones are EINVAL there, too. */
static int64_t random_ioctl(struct file *f, uint32_t cmd, uint64_t arg)
{
    int32_t bits = ENTROPY_BITS;

    (void)f;
    return cmd == RNDGETENTCNT ? copy_out(arg, &bits) : -EINVAL;
}

static const struct file_ops random_fops = {
    .name = "random",
    .ioctl = random_ioctl,
    .read = random_read,
    .write = swallow,
    .seek = dev_seek,
};

int dev_open(struct inode *inode, struct file *f)
{
    switch (inode->rdev) {
    case DEV(1, 3):
        f->ops = &null_fops;
        return 0;
    case DEV(1, 5):
        f->ops = &zero_fops;
        return 0;
    case DEV(1, 7):
        f->ops = &full_fops;
        return 0;
    case DEV(1, 8):
    case DEV(1, 9):
        f->ops = &random_fops;
        return 0;
    case DEV(5, 0):
        if (!(platform.boot->flags & ABI_BOOT_TTY))
            return -ENXIO;
        console_open(f);
        return 0;
    case DEV(5, 1):
        console_open(f);
        return 0;
    default:
        return -ENXIO;
    }
}

static const struct node {
    const char *path;
    uint32_t mode;
    uint64_t rdev;
} nodes[] = {
    {"/dev/null", S_IFCHR | 0666, DEV(1, 3)},
    {"/dev/zero", S_IFCHR | 0666, DEV(1, 5)},
    {"/dev/full", S_IFCHR | 0666, DEV(1, 7)},
    {"/dev/random", S_IFCHR | 0666, DEV(1, 8)},
    {"/dev/urandom", S_IFCHR | 0666, DEV(1, 9)},
    {"/dev/tty", S_IFCHR | 0666, DEV(5, 0)},
    {"/dev/console", S_IFCHR | 0600, DEV(5, 1)},
    {"/dev/shm", S_IFDIR | 01777, 0},
    {"/dev/mqueue", S_IFDIR | 01777, 0},
};

static const struct link {
    const char *path, *target;
} links[] = {
    {"/dev/fd", "/proc/self/fd"},
    {"/dev/stdin", "/proc/self/fd/0"},
    {"/dev/stdout", "/proc/self/fd/1"},
    {"/dev/stderr", "/proc/self/fd/2"},
};

static int populate(void)
{
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
        int err =
            vfs_create(AT_FDCWD, nodes[i].path, nodes[i].mode, nodes[i].rdev);

        if (err)
            return err;
    }
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        int err = vfs_symlink(links[i].target, AT_FDCWD, links[i].path);

        if (err)
            return err;
    }
    return 0;
}

static int mount_tmpfs(struct super *super, const char *path, uint32_t mode)
{
    int err = tmpfs_new(super, NULL, mode);

    return err ? err : mount_add(super, path);
}

int dev_mount(void)
{
    static struct super dev = {
        .type = "tmpfs", .source = "tmpfs", .options = ",nosuid,mode=755"};
    static struct super shm = {
        .type = "tmpfs", .source = "shm", .options = ",nosuid,nodev,noexec"};
    int err = mount_tmpfs(&dev, "/dev", 0755);

    if (!err)
        err = populate();
    if (!err)
        err = mount_tmpfs(&shm, "/dev/shm", 01777);
    return err;
}
