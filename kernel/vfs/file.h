/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Open files and the descriptor table. Everything with a descriptor (regular
 * files, pipes, sockets, epoll, eventfd ...) is a struct file with operations.
 */
#ifndef EINKORN_KERNEL_VFS_FILE_H
#define EINKORN_KERNEL_VFS_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/sched/waitq.h"
#include "kernel/vfs/uio.h"

struct backing;
struct dentry;
struct file;
struct inode;
struct kstat;

/* Collects what a poll(2)-like call must listen to; see vfs/poll.h. */
struct poll_table {
    void (*add)(struct poll_table *pt, struct waitq *q);
};

/* All may be NULL: then the usual error (EINVAL, ENOTTY, ESPIPE, ENODEV ...).
 * Offsets: pread/pwrite pass their own; *off is advanced by what was moved.
 * Blocking is the operation's own business: see file_io_flags(). */
struct file_ops {
    const char *name; /* for logs: "pipe", "tcp" */
    bool sends_sigio; /* knows O_ASYNC (fs/async/async.h) */
    int64_t (*read)(struct file *f, struct uio *to, uint64_t *off);
    int64_t (*write)(struct file *f, struct uio *from, uint64_t *off);
    /* Readiness now (EPOLLIN ...); if pt is not NULL also pt->add() every
     * queue that will be woken when it changes. */
    uint32_t (*poll)(struct file *f, struct poll_table *pt);
    int64_t (*ioctl)(struct file *f, uint32_t cmd, uint64_t arg);
    int64_t (*seek)(struct file *f, int64_t off, int whence);
    /* Where the bytes at off lie in memory: *len of them (less than asked for
     * at the end of a run), there as long as *loan, a new reference, is held.
     * NULL: ask read(). For sendfile(2). */
    const void *(*lend)(struct file *f, uint64_t off, uint64_t *len,
                        struct loan **loan);
    /* The object to map, a new reference; -errno as a pointer never: returns
     * 0 and *out, or -errno. */
    int (*mmap)(struct file *f, struct backing **out, int prot, bool shared);
    /* linux_dirent64 records from f->off on; bytes, 0 at the end. */
    int64_t (*getdents)(struct file *f, struct uio *to);
    int (*stat)(struct file *f, struct kstat *st); /* NULL: the inode's */
    int (*truncate)(struct file *f, uint64_t len_bytes);
    int (*fallocate)(struct file *f, int mode, uint64_t off, uint64_t len);
    int (*sync)(struct file *f, bool data_only);
    /* fcntl F_SETFL changed O_NONBLOCK & co. */
    void (*flags_changed)(struct file *f);
    /* The last reference is gone. */
    void (*release)(struct file *f);
};

struct file {
    const struct file_ops *ops;
    struct inode *inode; /* referenced; NULL for anonymous objects */
    void *data;          /* the operations' own */
    uint64_t off;
    uint32_t flags; /* O_* as open(2); access mode included */
    uint32_t refs;
    int32_t owner; /* F_SETOWN */
    uint8_t owner_type, owner_signal;
    struct list epoll;     /* struct file_watch (vfs/poll.h) */
    struct dentry *dentry; /* its name, or NULL; see file_path() */
};

/* O_NONBLOCK, O_APPEND & co. as they hold for one read or write: the file's
 * and the call's (preadv2(2)). */
static inline uint32_t file_io_flags(const struct file *f, const struct uio *u)
{
    return f->flags | u->flags;
}

/* New file with one reference, or NULL when out of memory. */
struct file *file_new(const struct file_ops *ops, void *data, uint32_t flags);
void file_get(struct file *f);
void file_put(struct file *f);

/* Borrow the file behind a descriptor: valid until the current system call
 * blocks, unless file_get() is called. NULL: EBADF. */
struct file *fd_file(int fd);
/* Take a reference (may block while holding it). */
struct file *fd_file_get(int fd);
/* Lowest free descriptor >= min for f (consumes the caller's reference, also
 * on error). Descriptor, -EMFILE or -ENOMEM. */
int fd_install(struct file *f, int min, bool cloexec);
int fd_close(int fd);
int fd_dup(int old_fd, int new_fd, bool cloexec); /* dup3 onto new_fd */
bool fd_cloexec(int fd);
void fd_set_cloexec(int fd, bool on);
/* execve: closes what is marked. */
void fd_close_on_exec(void);
/* Next open descriptor >= fd, or -1 (for /proc/self/fd, close_range). */
int fd_next(int fd);
/* Size of the table (/proc/self/status). */
int fd_table_size(void);

#endif
