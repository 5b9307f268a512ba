/* SPDX-License-Identifier: BSD-2-Clause */
/* Address numbers by record locks: see address.h. */
#include "host/network/address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

/* 0 stands at those that nobody has had. */
enum { MARK_USED = 1, MARK_FREE = 2 };

static void mark(int fd, uint32_t number, uint8_t what)
{
    (void)!pwrite(fd, &what, 1, (off_t)number);
}

/* 1: it is ours now; 0: somebody has it. */
static int take_one(int fd, uint32_t number, struct err *err)
{
    struct flock lock = {.l_type = F_WRLCK,
                         .l_whence = SEEK_SET,
                         .l_start = (off_t)number,
                         .l_len = 1};

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
        mark(fd, number, MARK_USED);
        return 1;
    }
    if (errno == EAGAIN || errno == EACCES) {
        return 0;
    }
    return err_set(err, ERR_TOOL, "lock an address: %m");
}

/* Among those that were given back. Several may find the same one. */
static int take_marked(int fd, uint32_t first, uint32_t last, uint32_t *number,
                       struct err *err)
{
    uint8_t marks[512];
    ssize_t nr;

    for (; first <= last; first += (uint32_t)nr) {
        size_t most = last - first + 1;
        const uint8_t *at = marks;

        most = most < sizeof(marks) ? most : sizeof(marks);
        nr = pread(fd, marks, most, (off_t)first);
        if (nr <= 0) {
            break;
        }
        while ((at = memchr(at, MARK_FREE, (size_t)(marks + nr - at)))) {
            int rc;

            *number = first + (uint32_t)(at++ - marks);
            rc = take_one(fd, *number, err);
            if (rc != 0) {
                return rc;
            }
        }
    }
    return 0;
}

/* Before a number is used that nobody has had, and a tap is made for it, all
 * others are tried: killed monitors give nothing back. */
static int take_lowest(int fd, uint32_t first, uint32_t last, uint32_t *number,
                       struct err *err)
{
    int rc = 0;

    for (; rc == 0 && first <= last; first++) {
        *number = first;
        rc = take_one(fd, first, err);
    }
    return rc;
}

int address_take(const char *run_dir, uint32_t first, uint32_t last,
                 uint32_t *number, struct err *err)
{
    int fd = open_file(run_dir, err);
    int rc;

    if (fd < 0) {
        return -1;
    }
    rc = take_marked(fd, first, last, number, err);
    if (rc == 0) {
        rc = take_lowest(fd, first, last, number, err);
    }
    if (rc > 0) {
        return fd;
    }
    close(fd);
    return rc < 0 ? -1 : ADDRESS_NONE;
}

void address_give_back(int fd, uint32_t number)
{
    mark(fd, number, MARK_FREE);
    close(fd);
}
