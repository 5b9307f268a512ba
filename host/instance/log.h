/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an instance printed: a file of frames, each a header and the bytes as
 * they came, so that the two streams can be told apart again. When the file
 * has grown to LOG_ROTATE_BYTES it becomes ID.log.1 and a new one is begun.
 */
#ifndef EINKORN_HOST_INSTANCE_LOG_H
#define EINKORN_HOST_INSTANCE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/common/err.h"
#include "host/instance/store.h"

#define LOG_ROTATE_BYTES (UINT64_C(32) << 20)
#define LOG_FRAME_MAX 65536u

struct log_frame {
    int64_t real_ns; /* since 1970 */
    uint32_t len_bytes;
    uint32_t stream; /* 1: stdout, 2: stderr */
};

struct log {
    int dir_fd; /* the store's */
    int fd;
    uint64_t len_bytes;
    char name[ID_LEN + 8];
};

/* Monitor: begin the log of an instance. */
int log_create(struct log *log, const struct store *store, const char *id,
               struct err *err);

/* Appends one frame. A full disk loses output, never the program. */
void log_write(struct log *log, uint32_t stream, const void *data,
               uint32_t len_bytes);

struct log_reader {
    int dir_fd;
    int fd; /* -1: nothing (more) to read */
    char name[ID_LEN + 8];
};

/* Reader: -1 if there is no log. */
int log_open(struct log_reader *reader, const struct store *store,
             const char *id);

/* The next frame, data cut to `cap`. 1: got one; 0: none at present. */
int log_next(struct log_reader *reader, struct log_frame *frame, void *data,
             size_t cap);

void log_close(struct log_reader *reader);

#endif
