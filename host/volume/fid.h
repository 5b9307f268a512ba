/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's handles. Each holds an O_PATH descriptor of a file below the
 * volume's root, and after Tlopen one to read and write by as well.
 */
#ifndef EINKORN_HOST_VOLUME_FID_H
#define EINKORN_HOST_VOLUME_FID_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct fid {
    uint32_t number;
    int path_fd;
    int open_fd;         /* -1: not open */
    bool tells;          /* appends, and answers tell where */
    struct xattr *xattr; /* under way by this fid; NULL: none */
    uint64_t qid_path;   /* the file, as the client knows it */
    mode_t mode;         /* of which only the type stays */
    int watch;           /* its lease (lease.h); -1: none */
    int hint;            /* the same in the client's descriptor, or -1 */
    struct fid *next, *lease_next;
};

enum { FID_BUCKETS = 1024, FID_MAX = 65536 };

/* All zero: empty. The memory is there from the start, though untouched: a
 * server asks the host for none. */
struct fid_table {
    struct fid *buckets[FID_BUCKETS];
    struct fid *free;
    uint32_t nr, nr_touched;
    struct fid pool[FID_MAX];
};

struct fid *fid_find(const struct fid_table *table, uint32_t number);

/* A new one that takes over path_fd. 0, -EEXIST or -ENFILE; path_fd is closed
 * on error. */
int fid_add(struct fid_table *table, const struct fid *values);

/* Closes its descriptors and forgets it; it has no lease. */
void fid_drop(struct fid_table *table, struct fid *fid);

#endif
