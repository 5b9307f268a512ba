/* SPDX-License-Identifier: BSD-2-Clause */
/* What several verbs need: see verbs.h. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cmd/einkorn/verbs.h"

const struct option no_long_options[] = {{NULL, 0, NULL, 0}};

int bad_option(struct context *ctx, int argc, char **argv, int result)
{
    char short_option[3] = {'-', (char)optopt, '\0'};
    /* musl counts a missing value too. */
    const char *last = argv[(optind < argc ? optind : argc) - 1];
    const char *text = strncmp(last, "--", 2) == 0 ? last : short_option;
    bool is_second = strcmp(argv[0], ctx->verb) != 0; /* "image ls" */

    return err_set(
        &ctx->err, ERR_TOOL, "%s%s%s %s: %s (see `einkorn %s --help`)",
        ctx->verb, is_second ? " " : "", is_second ? argv[0] : "", text,
        result == ':' ? "needs a value" : "unknown option", ctx->verb);
}

int need_operands(struct context *ctx, int argc, const char *verb)
{
    if (optind < argc) {
        return 0;
    }
    return err_set(&ctx->err, ERR_TOOL,
                   "%s: which instance? (einkorn %s NAME|ID...; `einkorn ps "
                   "-a` lists them)",
                   verb, verb);
}

int for_each_named(struct context *ctx, char **argv,
                   int (*act)(const struct store *store, struct inst *inst,
                              void *arg, struct err *err),
                   void *arg)
{
    struct store store;
    int status = 0;

    if (store_open(&store, ctx->dirs.run, &ctx->err) < 0) {
        return -1;
    }
    for (; *argv != NULL; argv++) {
        struct err err = {0};
        struct inst inst;

        if (store_find(&store, *argv, &inst, &err) == 0) {
            act(&store, &inst, arg, &err);
            inst_close(&inst);
        }
        if (err.status != 0) {
            err_print("einkorn", &err);
            status = err.status;
        }
    }
    return status;
}
