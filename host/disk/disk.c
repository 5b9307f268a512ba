/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening an instance's disks: see disk.h. */
#include "host/disk/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_kind(const struct disk *d, struct err *err)
{
    struct stat st;

    if (fstat(d->fd, &st) == 0 &&
        (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode))) {
        return 0;
    }
    return err_set(err, ERR_TOOL,
                   "--mount %s: neither a file nor a block device (use "
                   "type=bind for a directory)",
                   d->path);
}

static int open_one(struct disk *d, struct err *err)
{
    d->fd = open(d->path, (d->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    if (d->fd < 0) {
        return err_set(err, ERR_TOOL, "--mount %s: %m%s", d->path,
                       errno == EISDIR ? " (use type=bind for a directory)"
                                       : "");
    }
    if (check_kind(d, err) < 0) {
        return -1;
    }
    if (flock(d->fd, (d->read_only ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) {
        return 0;
    }
    if (errno != EWOULDBLOCK) {
        return err_set(err, ERR_TOOL, "--mount %s: lock: %m", d->path);
    }
    return err_set(err, ERR_TOOL,
                   "--mount %s: another instance has it (only disks that all "
                   "mount readonly may be shared)",
                   d->path);
}

int disks_open(struct spec *spec, struct err *err)
{
    for (int i = 0; i < spec->nr_disks; i++) {
        if (open_one(&spec->disks[i], err) < 0) {
            return -1;
        }
    }
    return 0;
}
