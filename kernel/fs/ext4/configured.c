/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks that the configuration names: disk0=/data[:OPTION,...].
 */
#include <linux/fcntl.h>
#include <linux/limits.h>

#include "kernel/core/alloc.h"
#include "kernel/core/config.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/fs/ext4/ext4.h"
#include "kernel/fs/ext4/partition.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/mode.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/namei.h"
#include "lib/fmt.h"
#include "lib/string.h"

struct wanted {
    struct ext4_place place;
    bool read_only;
    char path[PATH_MAX];
};

static void mount_disk(struct wanted *w)
{
    struct super *super;
    int err = ext4_mount(&w->place, w->read_only, &super);

    if (!err) {
        vfs_make_parents(w->path);
        vfs_create(AT_FDCWD, w->path, S_IFDIR | 0755, 0);
        err = mount_add(super, w->path);
    }
    if (err)
        panic("cannot mount disk%u on %s (error %d)", w->place.dev, w->path,
              -err);
}

static bool parse_option(const char *text, struct wanted *w)
{
    if (strncmp(text, "partuuid=", 9) == 0) {
        if (!ext4_find_partition(text + 9, &w->place))
            panic("configuration: no disk has a partition %s", text + 9);
        return true;
    }
    w->read_only |= strcmp(text, "ro") == 0;
    return w->read_only || strcmp(text, "rw") == 0;
}

static void parse(const char *key, const char *value, struct wanted *w)
{
    char *text, *next;

    if (value[0] != '/' ||
        strlcpy(w->path, value, sizeof(w->path)) >= sizeof(w->path))
        panic("configuration: %s=%.60s is no absolute path", key, value);
    text = strchr(w->path, ':');
    if (text)
        *text++ = '\0';
    for (; text; text = next) {
        next = strchr(text, ',');
        if (next)
            *next++ = '\0';
        if (!parse_option(text, w))
            panic("configuration: %s=%.60s: unknown option", key, value);
    }
}

static bool mount_configured(uint32_t dev)
{
    const char *value;
    struct wanted *w;
    char key[16];

    snprintf(key, sizeof(key), "disk%u", dev);
    value = config_get(key, 0);
    if (!value)
        return false;
    w = kzalloc(sizeof(*w));
    if (!w)
        panic("no memory to mount disks");
    w->place.dev = dev;
    parse(key, value, w);
    mount_disk(w);
    kfree(w);
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
