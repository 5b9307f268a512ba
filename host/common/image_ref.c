/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of container images: see image_ref.h. */
#include "host/common/image_ref.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const prefixes[] = {
    "oci:", "oci-archive:", "docker-archive:"};

enum { NR_TRANSPORTS = sizeof(prefixes) / sizeof(prefixes[0]) };

static int cannot_find(const char *text, struct err *err)
{
    return err_set(err,
                   errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND
                                                       : ERR_CANNOT_RUN,
                   "run %s: %m", text);
}

/* The path ends at the first colon: it cannot contain one. */
static int resolve(const char *text, const char *rest, struct image_ref *out,
                   struct err *err)
{
    size_t len = strcspn(rest, ":");
    char path[PATH_MAX];

    if (len == 0 || len >= PATH_MAX) {
        errno = len ? ENAMETOOLONG : ENOENT;
        return cannot_find(text, err);
    }
    memcpy(path, rest, len);
    path[len] = '\0';
    if (!realpath(path, out->path))
        return cannot_find(text, err);
    out->tag = rest[len] ? rest + len + 1 : "";
    return 1;
}

int image_ref_parse(const char *text, struct image_ref *out, struct err *err)
{
    for (int i = 0; i < NR_TRANSPORTS; i++) {
        size_t len = strlen(prefixes[i]);

        if (strncmp(text, prefixes[i], len) == 0) {
            out->transport = (enum image_transport)i;
            return resolve(text, text + len, out, err);
        }
    }
    return 0;
}

int image_ref_print(const struct image_ref *ref, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s%s%s%s", prefixes[ref->transport],
                     ref->path, ref->tag[0] ? ":" : "", ref->tag);

    return n < PATH_MAX ? 0 : -1;
}
