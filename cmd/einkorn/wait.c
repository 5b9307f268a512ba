/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn wait */
#include <getopt.h>
#include <stdio.h>

#include "cmd/einkorn/verbs.h"

static int wait_one(const struct store *store, struct inst *inst, void *arg,
                    struct err *err)
{
    (void)store;
    (void)arg;
    (void)err;
    inst_wait(inst);
    printf("%d\n", inst->state.exit_code);
    fflush(stdout);
    return 0;
}

int verb_wait(struct context *ctx, int argc, char **argv)
{
    int code = getopt_long(argc, argv, "+:", no_long_options, NULL);

    if (code != -1) {
        return bad_option(ctx, argc, argv, code);
    }
    if (need_operands(ctx, argc, "wait") < 0) {
        return -1;
    }
    return for_each_named(ctx, argv + optind, wait_one, NULL);
}
