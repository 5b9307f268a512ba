/* SPDX-License-Identifier: BSD-2-Clause */
/* Files in memory, to hand something over by descriptor. */
#ifndef EINKORN_HOST_INSTANCE_MEMFILE_H
#define EINKORN_HOST_INSTANCE_MEMFILE_H

#include <stddef.h>
#include <stdint.h>

#include "host/common/err.h"

/* An empty one, or -1. */
int memfile_new(const char *name, struct err *err);

/* All the bytes, at an offset. */
int memfile_write(int fd, const void *data, size_t len_bytes, uint64_t offset,
                  struct err *err);

/* The whole of another file, at an offset; its length or -1. */
int64_t memfile_copy(int fd, int from_fd, uint64_t offset, struct err *err);

#endif
