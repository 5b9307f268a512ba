/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Brings the file systems up: the root over the image, /dev, /proc, /sys, the
 * generated files of /etc, standard descriptors.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "kernel/core/config.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/fs/console/console.h"
#include "kernel/fs/dev/dev.h"
#include "kernel/fs/erofs/erofs.h"
#include "kernel/fs/etc.h"
#include "kernel/fs/ext4/mount.h"
#include "kernel/fs/proc/proc.h"
#include "kernel/fs/sys/sys.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/fs/v9fs/v9fs.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/dentry.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/namei.h"
#include "kernel/vfs/vfs.h"

static void mount_root(void)
{
    static struct erofs image;
    static struct super root = {
        .type = "overlay", .source = "overlay", .options = ",relatime"};
    const struct abi_range *r = &platform.boot->image;
    int err =
        erofs_open(&image, (const void *)(uintptr_t)r->base, r->len_bytes);

    if (err)
        panic("the image is no usable EROFS file system (error %d)", -err);
    err = tmpfs_new(&root, &image, 0755);
    if (!err)
        err = mount_add(&root, NULL);
    if (err)
        panic("cannot mount the image (error %d)", -err);
    vfs_set_root(root.root);
    vfs_set_cwd(root.root);
}

/* Directories that every system has; images may lack them. */
static void make_dirs(void)
{
    static const struct {
        const char *path;
        uint32_t mode;
    } dirs[] = {
        {"/dev", 0755},  {"/proc", 0555},     {"/sys", 0555},
        {"/tmp", 01777}, {"/run", 0755},      {"/etc", 0755},
        {"/var", 0755},  {"/var/tmp", 01777}, {"/root", 0700},
    };

    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        int err = vfs_create(AT_FDCWD, dirs[i].path, S_IFDIR | dirs[i].mode, 0);

        if (err && err != -EEXIST)
            klog(LOG_WARN, "cannot make %s (error %d)", dirs[i].path, -err);
    }
}

static void enter_cwd(void)
{
    const char *path = config_get("cwd", 0);
    struct dentry *d;
    int err;

    if (!path)
        return;
    err = path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &d);
    if (err) {
        klog(LOG_ERROR, "no working directory %s in the image (error %d)", path,
             -err);
        return;
    }
    vfs_set_cwd(d);
    dentry_put(d);
}

static void must(int err, const char *what)
{
    if (err)
        panic("%s: error %d", what, -err);
}

void vfs_init(void)
{
    uint32_t mask = process.umask;

    process.umask = 0;
    dentry_init();
    console_init();
    mount_root();
    make_dirs();
    must(dev_mount(), "cannot fill /dev");
    must(proc_mount(), "cannot mount /proc");
    must(sys_mount(), "cannot mount /sys");
    must(cgroup_mount(), "cannot mount /sys/fs/cgroup");
    etc_write();
    must(console_open_std(), "cannot open the standard descriptors");
    process.umask = mask;
}

void vfs_start(void)
{
    etc_write_learned();
    ext4_mount_all();
    v9fs_mount_all();
    enter_cwd();
}
