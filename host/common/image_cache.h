/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding an entry of the image cache and deciding whether it is fresh,
 * without libraries. The format is docs/image-cache.md; einkorn-image makes
 * the entries.
 */
#ifndef EINKORN_HOST_COMMON_IMAGE_CACHE_H
#define EINKORN_HOST_COMMON_IMAGE_CACHE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/common/err.h"

#define IMAGE_CACHE_MAGIC "einkorn-inputs 2"

struct image_entry {
    char source[PATH_MAX];  /* see image_cache_source() */
    char image[PATH_MAX];   /* full path of the EROFS file */
    char sidecar[PATH_MAX]; /* full path of the sidecar */
    char exe[PATH_MAX];     /* program's link-free path in the image, or "" */
    bool is_directory;
    bool wants_jit;
};

/* Look up `source` in the cache directory. 1: *out is a fresh entry (both
 * files existed a moment ago); 0: none, or stale: run einkorn-image; -1: there
 * is no such source. Blocks only for lstat(2) of the inputs. */
int image_cache_find(const char *cache_dir, const char *source,
                     struct image_entry *out, struct err *err);

/* What an entry is called after: a directory with all links resolved; a
 * program with all links resolved but that of its own name, which may say what
 * it does and which package it came with. -1 and err if it does not exist. */
int image_cache_source(const char *path, char out[PATH_MAX], bool *is_directory,
                       struct err *err);

/* The name of the inputs file, "KEY.inputs", for a source. */
void image_cache_key(const char *source, bool is_directory, char name[32]);

#endif
