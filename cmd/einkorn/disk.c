/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn disk create */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/einkorn/verbs.h"
#include "host/disk/disk.h"

static const struct option options[] = {
    {"owner", required_argument, NULL, 'u'},
    {NULL, 0, NULL, 0},
};

/* UID[:GID], numbers: they mean the same inside and outside. */
static int set_owner(struct disk_make *make, const char *value, struct err *err)
{
    unsigned uid, gid;
    int end = 0, nr = sscanf(value, "%u%n:%u%n", &uid, &end, &gid, &end);

    if (nr < 1 || value[end] != '\0') {
        return err_set(err, ERR_TOOL,
                       "--owner %s: not UID[:GID] in numbers (for example "
                       "999:999)",
                       value);
    }
    make->uid = uid;
    make->gid = nr == 2 ? gid : uid;
    return 0;
}

static int create(struct context *ctx, int argc, char **argv)
{
    struct disk_make make = {0};
    int code;

    opterr = 0;
    while ((code = getopt_long(argc, argv, "+:u:", options, NULL)) != -1) {
        if (code == '?' || code == ':') {
            return bad_option(ctx, argc, argv, code);
        }
        if (set_owner(&make, optarg, &ctx->err) < 0) {
            return -1;
        }
    }
    if (argc - optind != 2) {
        return err_set(&ctx->err, ERR_TOOL,
                       "disk create: use disk create [--owner UID[:GID]] FILE "
                       "SIZE (for example data.img 1g)");
    }
    make.path = argv[optind];
    if (spec_size(argv[optind + 1], &make.len_bytes) < 0) {
        return err_set(&ctx->err, ERR_TOOL,
                       "disk create: %s is not a size (use for example 512m "
                       "or 1g)",
                       argv[optind + 1]);
    }
    return disk_create(&make, &ctx->err);
}

int verb_disk(struct context *ctx, int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "create") != 0) {
        return err_set(&ctx->err, ERR_TOOL, "disk%s%s: use create",
                       argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    }
    return create(ctx, argc - 1, argv + 1);
}
