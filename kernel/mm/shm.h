/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages of the shareable memory object: what tmpfs files, memfds and shared
 * anonymous mappings are made of. The kernel reads and writes them through
 * the window (shm_ptr); programs see them through platform.ops.shm_map at
 * the same offsets. An allocated page costs nothing until it is touched.
 */
#ifndef EINKORN_KERNEL_MM_SHM_H
#define EINKORN_KERNEL_MM_SHM_H

#include <stddef.h>
#include <stdint.h>

struct backing;

/* A contiguous run of zeroed pages: its offset in bytes, or -ENOMEM. Prefers
 * low offsets. */
int64_t shm_alloc(size_t nr_pages);
/* As shm_alloc, for exactly this offset (to grow a run in place): 0, or
 * -EBUSY if any of these pages is taken, or -ENOMEM. */
int shm_alloc_at(uint64_t off, size_t nr_pages);
/* Any part of what was allocated: its content is gone, everywhere; for what
 * is on loan (shm_loan.h), when the loan ends. */
void shm_free(uint64_t off, size_t nr_pages);
/* Where the kernel sees that offset. */
void *shm_ptr(uint64_t off);
/* Zero pages and give their memory back, but keep them allocated. */
void shm_zero(uint64_t off, size_t nr_pages);
/* Pages allocated now, touched or not. */
size_t shm_used_pages(void);

/* A fresh object of zeroed pages for one shared anonymous mapping or SysV
 * segment, with one reference; NULL when there is no room. `name` is a
 * constant string for /proc/self/maps. */
struct backing *shm_backing_new(size_t nr_pages, const char *name);

#endif
