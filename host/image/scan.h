/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the host's file system into an image's tree, with a record of all that
 * was looked at. Owners, modes and times are kept; nothing is opened here but
 * directories.
 */
#ifndef EINKORN_HOST_IMAGE_SCAN_H
#define EINKORN_HOST_IMAGE_SCAN_H

#include "host/common/err.h"
#include "host/image/inputs.h"
#include "host/image/tree.h"

struct scan {
    struct tree *tree;
    struct inputs *inputs;
};

/* What scan_path found at the end of all links. */
enum scan_found {
    SCAN_NOTHING, /* missing, or not to be looked at */
    SCAN_DIR,
    SCAN_FILE, /* anything that is not a directory */
};

/* Put the host's absolute path at the same place of the tree: with it come
 * its parents and all symbolic links on the way and what they point at.
 * A directory comes alone, without what is in it. A file that we may not read
 * counts as missing: others' secrets are no part of a program. */
enum scan_found scan_path(struct scan *s, const char *path);

/* The same with everything below, as far as it is readable. */
void scan_subtree(struct scan *s, const char *path);

/* The directory `dir` becomes the root of the tree, everything below included
 * except what is mounted there. Fails on what cannot be read. */
int scan_root(struct scan *s, const char *dir, struct err *err);

#endif
