/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building one entry of the image cache from a program or a directory.
 */
#ifndef EINKORN_HOST_IMAGE_BUILD_H
#define EINKORN_HOST_IMAGE_BUILD_H

#include <stdint.h>
#include <stdio.h>

#include "host/common/err.h"
#include "host/image/closure.h"
#include "host/image/output.h"

struct build_report {
    struct output output;
    enum image_kind kind;
    char *source; /* image_cache_source() of the path */
    char *exe;    /* the program's link-free path */
    size_t nr_nodes, nr_inputs;
    struct closure closure;
    uint64_t scan_ns;
};

/* Build the entry for `path` in cache_dir. A report that is not NULL gets one
 * line for each file with `syscall` sites. Free with build_report_free. */
int build_image(const char *path, const char *cache_dir,
                struct build_report *report, FILE *verbose, struct err *err);
void build_report_free(struct build_report *report);

#endif
