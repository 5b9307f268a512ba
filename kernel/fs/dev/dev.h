/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Character devices that exist: null(4), zero(4), full(4), random(4), tty(4).
 */
#ifndef EINKORN_KERNEL_FS_DEV_DEV_H
#define EINKORN_KERNEL_FS_DEV_DEV_H

struct file;
struct inode;

/* Opens the device that inode->rdev names; -ENXIO. */
int dev_open(struct inode *inode, struct file *f);
/* For a file system's open(): a pipe with a name or a device; others, sockets
 * too, are -ENXIO. */
int special_open(struct inode *inode, struct file *f);
/* Mounts /dev (and /dev/shm) and fills it. 0 or -errno. */
int dev_mount(void);

#endif
