/* SPDX-License-Identifier: BSD-2-Clause */
/* Address numbers by record locks: see address.h. */
#include "host/network/address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "host/instance/dirs.h"

static int open_file(const char *run_dir, struct err *err)
{
    char path[DIR_MAX + 32];
    int fd;

    snprintf(path, sizeof(path), "%s/net/addresses", run_dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 && errno == ENOENT) {
        snprintf(path, sizeof(path), "%s/net", run_dir);
        if (dirs_make(path, err) < 0) {
            return -1;
        }
        snprintf(path, sizeof(path), "%s/net/addresses", run_dir);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    }
    return fd >= 0 ? fd : err_set(err, ERR_TOOL, "open %s: %m", path);
}

/* The lowest that is free, so that pooled taps are used again. */
int address_take(const char *run_dir, uint32_t first, uint32_t last,
                 uint32_t *number, struct err *err)
{
    int fd = open_file(run_dir, err);

    if (fd < 0) {
        return -1;
    }
    for (uint32_t n = first; n <= last; n++) {
        struct flock lock = {.l_type = F_WRLCK,
                             .l_whence = SEEK_SET,
                             .l_start = (off_t)n,
                             .l_len = 1};

        if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
            *number = n;
            return fd;
        }
        if (errno != EAGAIN && errno != EACCES) {
            close(fd);
            return err_set(err, ERR_TOOL, "lock an address: %m");
        }
    }
    close(fd);
    return err_set(err, ERR_TOOL,
                   "address: all %u of the subnet are in use (set "
                   "EINKORN_SUBNET to a larger one)",
                   last - first + 1);
}
