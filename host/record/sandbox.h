/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A place to run an image's entrypoint script once: user, mount, pid, net, ipc
 * and uts namespaces, the image's files in a file system of memory, no
 * network. All of it ends with the process that makes it.
 */
#ifndef EINKORN_HOST_RECORD_SANDBOX_H
#define EINKORN_HOST_RECORD_SANDBOX_H

#include <stdint.h>
#include <stdio.h>

#include "host/common/err.h"
#include "host/image/tree.h"
#include "host/oci/spool.h"

#define SANDBOX_HOSTNAME "einkorn-import"

struct sandbox {
    const struct tree *tree;
    const uint8_t *data; /* of its files, at their source_off */
    uint64_t data_bytes;
    const char *request; /* strings: exe, arg, env, cwd, uid, gid, group */
    struct spool *spool; /* content of changed files */
    int timeout_s;
};

/* What comes out of it: first a struct sandbox_result, then, if that has no
 * error, that many bytes of strings (trace.h) and the changes (changes.h). */
struct sandbox_result {
    struct err err;
    uint32_t strings_len;
    char said[2048]; /* the end of what the script wrote */
};

/* Returns the stream, and the process to wait for. */
FILE *sandbox_start(const struct sandbox *box, pid_t *pid, struct err *err);

#endif
