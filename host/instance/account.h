/* SPDX-License-Identifier: BSD-2-Clause */
/* Users and groups of an image, from its /etc/passwd and /etc/group. */
#ifndef EINKORN_HOST_INSTANCE_ACCOUNT_H
#define EINKORN_HOST_INSTANCE_ACCOUNT_H

#include <limits.h>
#include <stdint.h>

#include "host/common/erofs_read.h"
#include "host/instance/spec.h"

struct account {
    uint32_t uid, gid;
    uint32_t groups[MAX_GROUPS]; /* supplementary */
    int nr_groups;
    char home[PATH_MAX];
};

/* USER[:GROUP], each a name or a number ("": root), as Docker reads it: a
 * number needs no entry. Without GROUP the user's further groups count, too.
 * -1 if a name is unknown. */
int account_find(const struct erofs_image *image, const char *text,
                 struct account *out, struct err *err);

/* The spec's user becomes that one. */
int account_become(struct spec *spec, const struct erofs_image *image,
                   const char *user, struct err *err);
/* The same with the user that the spec names, and the image in a file. */
int account_apply(struct spec *spec, const char *path, struct err *err);

#endif
