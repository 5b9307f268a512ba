/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading and writing for calls that name a file and a place (sys_rw.c).
 */
#ifndef EINKORN_KERNEL_LINUX_RW_H
#define EINKORN_KERNEL_LINUX_RW_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/uaccess.h"

/* May this descriptor be read, or written? 0, or what read(2) would say. */
int64_t rw_check(bool write, int fd);
/* One buffer, at an offset where the file has any; rwf: RWF_* of preadv2(2).
 * Bytes or -errno. */
int64_t rw_at(bool write, int fd, uptr_t buf, uint64_t len_bytes, int64_t off,
              uint64_t rwf);

#endif
