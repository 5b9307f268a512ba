/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stopped process is, as proc(5) shows it. */
#ifndef EINKORN_HOST_RECORD_LOOK_H
#define EINKORN_HOST_RECORD_LOOK_H

#include <limits.h>
#include <sys/types.h>

#include "host/common/err.h"
#include "host/common/strings.h"

enum { LOOK_MAX_ARGS = 4096, LOOK_MAX_BYTES = 1 << 20 };

struct look {
    char exe[PATH_MAX], cwd[PATH_MAX]; /* in its own root */
    char *argv[LOOK_MAX_ARGS + 1];
    int argc;
    char args[LOOK_MAX_BYTES], env[LOOK_MAX_BYTES];
    size_t env_len;
    char status[8192];
};

int look_at(struct look *l, pid_t pid, struct err *err);

/* As strings: exe, arg, env, cwd, uid, gid, group. */
void look_print(const struct look *l, struct strings *out);

#endif
