/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Advisory locks: fcntl(2) record locks (of the process and of open file
 * descriptions) and flock(2). With one process its own record locks never
 * conflict; they do with those of open file descriptions.
 */
#ifndef EINKORN_KERNEL_VFS_LOCK_H
#define EINKORN_KERNEL_VFS_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct file;
struct inode;

/* type F_RDLCK, F_WRLCK or F_UNLCK; range [start, end], end inclusive. */
struct lock_range {
    int16_t type;
    uint64_t start, end;
    int32_t pid; /* of who holds it; -1 for an open file description's */
};

/* ofd: on behalf of the open file description. 0, -EAGAIN, -ENOMEM, or what
 * ended the wait. */
int lock_set(struct file *f, const struct lock_range *want, bool ofd,
             bool wait);
/* Turns *range into a conflicting lock, or type F_UNLCK. 0 or -errno. */
int lock_get(struct file *f, struct lock_range *range, bool ofd);
/* operation LOCK_SH, LOCK_EX, LOCK_UN, with LOCK_NB. */
int lock_flock(struct file *f, int operation);

/* Has anybody here a lock on it? */
bool lock_any(const struct inode *inode);

/* A descriptor of f was closed: the process's record locks on it go. */
void lock_fd_closed(struct file *f);
/* The open file description is gone. */
void lock_file_closed(struct file *f);

#endif
