/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host directories in the tree of names, over 9P2000.L. docs/volumes.md says
 * what is cached and how long that is trusted.
 */
#ifndef EINKORN_KERNEL_FS_V9FS_V9FS_H
#define EINKORN_KERNEL_FS_V9FS_V9FS_H

/* Mounts what the configuration's volumeN say; makes mount points that the
 * image lacks. Asks the servers, so it needs a thread. Panics when one of
 * them cannot be mounted: programs must not write to its place instead. */
void v9fs_mount_all(void);

/* For --stats: a line for each volume, of the requests to its server. */
void v9fs_report(void);

#endif
