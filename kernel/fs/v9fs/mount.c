/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mounting host directories and files where the configuration says.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include "kernel/core/alloc.h"
#include "kernel/core/config.h"
#include "kernel/core/cpu.h"
#include "kernel/core/log.h"
#include "kernel/fs/v9fs/v9.h"
#include "kernel/fs/v9fs/v9fs.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/mount.h"
#include "kernel/vfs/namei.h"
#include "lib/fmt.h"
#include "lib/string.h"

enum { TOOL_STATUS = 125 }; /* as for errors of `einkorn run` itself */

static struct v9_fs *mounted;

struct volume {
    uint32_t chan;
    bool read_only;
    int32_t watch_chan; /* -1: none */
    char path[PATH_MAX];
};

static bool parse_option(const char *text, struct volume *out)
{
    const char *end;

    if (strncmp(text, "watch=", 6) == 0) {
        out->watch_chan = (int32_t)str_to_u64(text + 6, &end);
        return end > text + 6 && !*end;
    }
    out->read_only |= strcmp(text, "ro") == 0;
    return out->read_only || strcmp(text, "rw") == 0;
}

static bool parse_options(char *text, struct volume *out)
{
    for (char *next = text; next; text = next) {
        next = strchr(text, ',');
        if (next)
            *next++ = '\0';
        if (!parse_option(text, out))
            return false;
    }
    return true;
}

/* Volume number chan of the configuration, its path without flags. */
static bool get_volume(uint32_t chan, struct volume *out)
{
    char key[16];
    const char *value;
    char *options;
    size_t len;

    snprintf(key, sizeof(key), "volume%u", chan);
    value = config_get(key, 0);
    if (!value)
        return false;
    len = strlcpy(out->path, value, sizeof(out->path));
    if (value[0] != '/' || len >= sizeof(out->path))
        panic("configuration: %s=%.60s is no absolute path", key, value);
    out->chan = chan;
    out->read_only = false;
    out->watch_chan = -1;
    options = strchr(out->path, ':');
    if (!options)
        return true;
    *options++ = '\0';
    if (!parse_options(options, out))
        panic("configuration: %s=%.60s: unknown option", key, value);
    return true;
}

static int statfs(struct super *super, struct kstatfs *out)
{
    struct v9_fs *fs = super->data;

    return v9_statfs(&fs->session, V9_ROOT_FID, out);
}

static int start(struct v9_fs *fs, const struct volume *vol)
{
    struct inode *root;
    struct v9_attr a;
    int err = v9_session_init(&fs->session, vol->chan);

    if (!err)
        err = v9_session_start(&fs->session);
    if (err)
        return err;
    fs->watch_chan = vol->watch_chan;
    if (fs->watch_chan >= 0) /* else the channel may carry answers alone */
        fs->session.notice = v9_notice;
    fs->super.type = "9p";
    fs->super.source = "einkorn";
    fs->super.options = ",relatime,trans=einkorn";
    fs->super.flags = SUPER_REVALIDATE | (vol->read_only ? SUPER_RDONLY : 0);
    fs->super.dev = mount_new_dev();
    fs->super.statfs = statfs;
    fs->super.data = fs;
    err = v9_getattr(&fs->session, V9_ROOT_FID, &a);
    err = v9_inode_got(fs, V9_ROOT_FID, err, &a, &root);
    if (err)
        return err;
    fs->super.root = dentry_root(&fs->super, root);
    return fs->super.root ? 0 : -ENOMEM;
}

static int mount(struct volume *vol)
{
    struct v9_fs *fs = kzalloc(sizeof(*fs));
    bool is_dir;
    int err;

    if (!fs)
        return -ENOMEM;
    err = start(fs, vol);
    if (err)
        return err;
    is_dir = S_ISDIR(fs->super.root->inode->mode);
    vfs_make_parents(vol->path);
    vfs_create(AT_FDCWD, vol->path, is_dir ? S_IFDIR | 0755 : S_IFREG | 0644,
               0);
    fs->path = kstrdup(vol->path);
    fs->next_fs = mounted;
    mounted = fs;
    return fs->path ? mount_add(&fs->super, vol->path) : -ENOMEM;
}

void v9fs_report(void)
{
    for (const struct v9_fs *fs = mounted; fs; fs = fs->next_fs)
        klog(LOG_ERROR, "stats: volume %s requests %lu", fs->path,
             fs->session.tx_nr);
}

/* Not our fault and not the program's: the tool's own errors end so too. */
_Noreturn static void give_up(const char *path, int err)
{
    klog(LOG_ERROR,
         "cannot mount a volume on %s (error %d): its server ended or refused; "
         "what it said stands above",
         path, -err);
    for (;;)
        platform.ops.exit(TOOL_STATUS);
}

/* The shortest path first, so that volumes may lie in others. */
void v9fs_mount_all(void)
{
    struct volume *vol = kmalloc(sizeof(*vol)), *best = kmalloc(sizeof(*best));
    uint32_t mask = process.umask, done = 0;

    if (!vol || !best)
        panic("no memory to mount volumes");
    process.umask = 0;
    for (;;) {
        bool any = false;
        int err;

        for (uint32_t i = 0; i < ABI_MAX_CHAN; i++) {
            if ((done & (1u << i)) || !get_volume(i, vol))
                continue;
            if (!any || strlen(vol->path) < strlen(best->path))
                *best = *vol;
            any = true;
        }
        if (!any)
            break;
        done |= 1u << best->chan;
        err = mount(best);
        if (err)
            give_up(best->path, err);
    }
    process.umask = mask;
    kfree(vol);
    kfree(best);
}
