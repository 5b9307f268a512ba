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
#include <stddef.h>
#include <stdint.h>

#include "host/common/err.h"

#define IMAGE_CACHE_MAGIC "einkorn-inputs 3"

/* What an entry is made from, and its letter in the key. */
enum image_kind {
    IMAGE_KIND_ELF = 'e',
    IMAGE_KIND_DIRECTORY = 'd',
    IMAGE_KIND_NAME = 'i',     /* a container image, see image_ref.h */
    IMAGE_KIND_MANIFEST = 'm', /* the same by its digest */
    IMAGE_KIND_RECORD = 'r',   /* what an entrypoint script came to */
};

/* The paths stay to the process's end. */
struct image_entry {
    const char *source;  /* see image_cache_source() */
    const char *image;   /* full path of the EROFS file; "" if not known */
    const char *sidecar; /* full path of the sidecar */
    const char *exe;     /* program's link-free path in the image, or "" */
    enum image_kind kind;
    bool wants_jit;
    char *plan; /* of a container image: block of strings.h; else NULL */
};

/* Look up `source` in the cache directory. 1: *out is a fresh entry (both
 * files existed a moment ago); 0: none, or stale: run einkorn-image; -1: there
 * is no such source. Blocks only for lstat(2) of the inputs. */
int image_cache_find(const char *cache_dir, const char *source,
                     struct image_entry *out, struct err *err);

/* The same for an entry of known kind and image_cache_source(). */
int image_cache_load(const char *cache_dir, enum image_kind kind,
                     const char *source, struct image_entry *out);

void image_entry_free(struct image_entry *entry);

/* What an entry is called after: a directory with all links resolved; a
 * program with all links resolved but that of its own name, which may say what
 * it does and which package it came with; a container image by name and
 * resolved path. -1 and err if it does not exist. */
int image_cache_source(const char *path, char out[PATH_MAX],
                       enum image_kind *kind, struct err *err);

/* The name of the inputs file, "KEY.inputs", for a source. */
void image_cache_key(enum image_kind kind, const char *source, char name[32]);

/* The source of a record: from the block of strings that asks for it. */
void image_cache_record_source(const char *request, char out[PATH_MAX]);

/* Is it what this request asks for? Its plan begins with the strings of the
 * request, '?' before each. */
bool image_cache_answers(const struct image_entry *entry, const char *request);

const char *image_kind_name(enum image_kind kind);

#endif
