/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of handles: see fid.h. */
#include "host/volume/fid.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

struct fid *fid_find(const struct fid_table *table, uint32_t number)
{
    struct fid *fid = table->buckets[number % FID_BUCKETS];

    while (fid != NULL && fid->number != number) {
        fid = fid->next;
    }
    return fid;
}

static int refuse(int path_fd, int error)
{
    close(path_fd);
    return error;
}

static struct fid *take(struct fid_table *table)
{
    struct fid *fid = table->free;

    if (fid != NULL) {
        table->free = fid->next;
        return fid;
    }
    return &table->pool[table->nr_touched++];
}

int fid_add(struct fid_table *table, const struct fid *values)
{
    struct fid **bucket = &table->buckets[values->number % FID_BUCKETS];
    struct fid *fid;

    if (fid_find(table, values->number) != NULL) {
        return refuse(values->path_fd, -EEXIST);
    }
    if (table->nr == FID_MAX) {
        return refuse(values->path_fd, -ENFILE);
    }
    fid = take(table);
    *fid = *values;
    fid->open_fd = fid->watch = -1;
    fid->xattr = NULL;
    fid->tells = false;
    fid->next = *bucket;
    *bucket = fid;
    table->nr++;
    return 0;
}

static void release(struct fid_table *table, struct fid *fid)
{
    close(fid->path_fd);
    if (fid->open_fd >= 0) {
        close(fid->open_fd);
    }
    fid->path_fd = fid->open_fd = -1;
    fid->next = table->free;
    table->free = fid;
}

void fid_drop(struct fid_table *table, struct fid *fid)
{
    struct fid **at = &table->buckets[fid->number % FID_BUCKETS];

    while (*at != fid) {
        at = &(*at)->next;
    }
    *at = fid->next;
    table->nr--;
    release(table, fid);
}
