/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernel memory out of the heap arena: pages and, above them, size classes.
 * Never blocks. Freed pages are given back to the host in batches.
 */
#ifndef EINKORN_KERNEL_CORE_ALLOC_H
#define EINKORN_KERNEL_CORE_ALLOC_H

#include <stddef.h>
#include <stdint.h>

void alloc_init(void);

/* 16-byte aligned; NULL when the arena (or the memory limit) is exhausted. */
void *kmalloc(size_t len_bytes);
void *kzalloc(size_t len_bytes);
void *krealloc(void *ptr, size_t len_bytes);
void kfree(void *ptr); /* NULL is fine */
char *kstrdup(const char *s);

/* Page-aligned runs; contents undefined. page_free takes the same count. */
void *page_alloc(size_t nr_pages);
void page_free(void *page, size_t nr_pages);

/* Bytes of the arena in use, for /proc/meminfo and sysinfo. */
size_t alloc_used_bytes(void);

#endif
