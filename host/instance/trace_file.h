/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `trace -o FILE`: the kernel marks its trace lines on the error stream
 * (config trace=2); they are taken out of it and go to a file.
 */
#ifndef EINKORN_HOST_INSTANCE_TRACE_FILE_H
#define EINKORN_HOST_INSTANCE_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>

struct trace_file {
    int fd;       /* -1: none, nothing is taken out */
    bool in_line; /* the last byte seen belonged to a trace line */
};

/* Moves what belongs to the trace from data to the file; returns how many
 * bytes are left, which stand at the start of data. */
size_t trace_file_take(struct trace_file *t, char *data, size_t len);

#endif
