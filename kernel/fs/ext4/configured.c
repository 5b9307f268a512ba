/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks that the configuration names: disk0=/data[:ro].
 */
#include <linux/fcntl.h>
#include <linux/limits.h>

#include "kernel/core/config.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/fs/ext4/ext4.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/namei.h"
#include "lib/fmt.h"
#include "lib/string.h"

static void make_parents(char *path)
{
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        vfs_create(AT_FDCWD, path, S_IFDIR | 0755, 0);
        *p = '/';
    }
}

static void mount_disk(uint32_t dev, char *path, bool read_only)
{
    struct super *super;
    int err = ext4_mount(dev, read_only, &super);

    if (err)
        panic("cannot mount disk%u on %s (error %d)", dev, path, -err);
    make_parents(path);
    vfs_create(AT_FDCWD, path, S_IFDIR | 0755, 0);
    err = mount_add(super, path);
    if (err)
        panic("cannot mount disk%u on %s (error %d)", dev, path, -err);
}

static bool mount_configured(uint32_t dev)
{
    char key[16], path[256];
    const char *value;
    bool read_only = false;
    char *option;

    snprintf(key, sizeof(key), "disk%u", dev);
    value = config_get(key, 0);
    if (!value)
        return false;
    if (value[0] != '/' || strlcpy(path, value, sizeof(path)) >= sizeof(path))
        panic("configuration: %s=%.60s is no absolute path", key, value);
    option = strchr(path, ':');
    if (option) {
        *option++ = '\0';
        read_only = strcmp(option, "ro") == 0;
        if (!read_only && strcmp(option, "rw") != 0)
            panic("configuration: %s=%.60s: unknown option", key, value);
    }
    mount_disk(dev, path, read_only);
    return true;
}

void ext4_mount_all(void)
{
    uint32_t mask = process.umask;
    bool any = false;

    process.umask = 0;
    for (uint32_t dev = 0; dev < ABI_MAX_BLK; dev++)
        any |= mount_configured(dev);
    process.umask = mask;
    if (any)
        process_at_exit(ext4_leave_all);
}
