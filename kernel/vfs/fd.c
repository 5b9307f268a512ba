/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The descriptor table: an array of files that doubles when it is full, and
 * the lowest number that may be free.
 */
#include <linux/errno.h>
#include <linux/resource.h>

#include "kernel/core/alloc.h"
#include "kernel/sched/thread.h"
#include "kernel/vfs/file.h"
#include "kernel/vfs/lock.h"
#include "lib/string.h"

struct slot {
    struct file *file;
    bool cloexec;
};

static struct {
    struct slot *slots;
    int nr_slots;
    int first_free; /* nothing below is free */
    int nr_open;
} table;

enum { SLOTS_MIN = 64, SLOTS_LIMIT = 1 << 20 };

struct file *fd_file(int fd)
{
    if ((unsigned)fd >= (unsigned)table.nr_slots)
        return NULL;
    return table.slots[fd].file;
}

struct file *fd_file_get(int fd)
{
    struct file *f = fd_file(fd);

    if (f)
        file_get(f);
    return f;
}

static int limit(void)
{
    uint64_t soft = process.limits[RLIMIT_NOFILE].soft;

    return soft < SLOTS_LIMIT ? (int)soft : SLOTS_LIMIT;
}

static int grow(int need)
{
    int nr = table.nr_slots ? table.nr_slots : SLOTS_MIN;
    struct slot *slots;

    while (nr < need)
        nr *= 2;
    if (nr == table.nr_slots)
        return 0;
    slots = krealloc(table.slots, nr * sizeof(*slots));
    if (!slots)
        return -ENOMEM;
    memset(slots + table.nr_slots, 0, (nr - table.nr_slots) * sizeof(*slots));
    table.slots = slots;
    table.nr_slots = nr;
    return 0;
}

static int find_free(int min)
{
    int fd = min > table.first_free ? min : table.first_free;

    while (fd < table.nr_slots && table.slots[fd].file)
        fd++;
    if (min <= table.first_free)
        table.first_free = fd;
    return fd;
}

int fd_install(struct file *f, int min, bool cloexec)
{
    int fd = find_free(min);
    int err = fd >= limit() ? -EMFILE : grow(fd + 1);

    if (err) {
        file_put(f);
        return err;
    }
    table.slots[fd].file = f;
    table.slots[fd].cloexec = cloexec;
    table.nr_open++;
    return fd;
}

static struct file *take(int fd)
{
    struct file *f = fd_file(fd);

    if (!f)
        return NULL;
    table.slots[fd].file = NULL;
    table.nr_open--;
    if (fd < table.first_free)
        table.first_free = fd;
    return f;
}

int fd_close(int fd)
{
    struct file *f = take(fd);

    if (!f)
        return -EBADF;
    if (f->inode)
        lock_fd_closed(f);
    file_put(f);
    return 0;
}

int fd_dup(int old_fd, int new_fd, bool cloexec)
{
    struct file *f = fd_file(old_fd), *old;
    int err;

    if (!f)
        return -EBADF;
    if (new_fd < 0 || new_fd >= limit())
        return -EBADF;
    err = grow(new_fd + 1);
    if (err)
        return err;
    file_get(f);
    old = table.slots[new_fd].file;
    table.slots[new_fd].file = f;
    table.slots[new_fd].cloexec = cloexec;
    if (!old) {
        table.nr_open++;
        return new_fd;
    }
    if (old->inode)
        lock_fd_closed(old);
    file_put(old);
    return new_fd;
}

bool fd_cloexec(int fd)
{
    return fd_file(fd) && table.slots[fd].cloexec;
}

void fd_set_cloexec(int fd, bool on)
{
    if (fd_file(fd))
        table.slots[fd].cloexec = on;
}

void fd_close_on_exec(void)
{
    for (int fd = fd_next(0); fd >= 0; fd = fd_next(fd + 1))
        if (table.slots[fd].cloexec)
            fd_close(fd);
}

int fd_next(int fd)
{
    for (; fd < table.nr_slots; fd++)
        if (table.slots[fd].file)
            return fd;
    return -1;
}

int fd_table_size(void)
{
    return table.nr_slots;
}
