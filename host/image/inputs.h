/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a cache entry was made from: every path looked at and what lstat(2)
 * said about it. The format and why it is enough: docs/image-cache.md.
 */
#ifndef EINKORN_HOST_IMAGE_INPUTS_H
#define EINKORN_HOST_IMAGE_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

struct input {
    char *path;
    bool is_absent;
    uint64_t dev, ino, len_bytes, ctime_ns;
};

struct inputs {
    const char *source; /* relative paths are relative to this */
    struct input *list;
    size_t nr, cap;
};

void inputs_init(struct inputs *in, const char *source);
void inputs_free(struct inputs *in);

void inputs_add(struct inputs *in, const char *path, const struct stat *st);
void inputs_add_absent(struct inputs *in, const char *path);

/* The running program: another builder would perhaps build something else. */
void inputs_add_self(struct inputs *in);

/* Sleep (up to 20 ms) until a change of any input would move its ctime. */
void inputs_settle(const struct inputs *in);

/* The path of an input that is no longer as it was, or NULL. */
const char *inputs_changed(const struct inputs *in);

/* Write "count N" and the lines. */
void inputs_print(const struct inputs *in, FILE *out);

/* Print a path with newline and backslash escaped. */
void inputs_print_path(const char *path, FILE *out);

#endif
