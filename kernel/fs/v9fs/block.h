/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of cached file data, for the files that keep them: cache.c finds,
 * fills and evicts; change.c follows what is done to the file.
 */
#ifndef EINKORN_KERNEL_FS_V9FS_BLOCK_H
#define EINKORN_KERNEL_FS_V9FS_BLOCK_H

#include "kernel/fs/v9fs/v9.h"

struct v9_block {
    struct v9_block *next; /* of the hash bucket */
    struct v9_inode *owner;
    uint64_t index;
    uint64_t shm_off;
    uint32_t known;      /* a bit for each page */
    uint32_t remembered; /* pages whose sums are right */
    uint64_t *sums;      /* NULL: never mapped for writing */
    bool busy;           /* being filled, stays */
    struct list lru, siblings;
};

struct v9_block *v9_block_find(struct v9_inode *v, uint64_t index);
/* Makes it if need be; NULL when out of memory. */
struct v9_block *v9_block_get(struct v9_inode *v, uint64_t index);
void v9_block_drop(struct v9_block *b);
/* Where the kernel sees page 0 to 30 of it. */
void *v9_block_mem(const struct v9_block *b, uint64_t page);

#endif
