/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn inspect */
#include "host/instance/inspect.h"

#include <getopt.h>

#include "cmd/einkorn/verbs.h"

static int inspect_one(const struct store *store, struct inst *inst, void *arg,
                       struct err *err)
{
    (void)store;
    (void)err;
    inspect_write(arg, inst);
    return 0;
}

int verb_inspect(struct context *ctx, int argc, char **argv)
{
    struct json j = {.out = stdout};
    int code = getopt_long(argc, argv, "+:", no_long_options, NULL);
    int status;

    if (code != -1) {
        return bad_option(ctx, argc, argv, code);
    }
    if (need_operands(ctx, argc, "inspect") < 0) {
        return -1;
    }
    json_begin(&j, NULL, '[');
    status = for_each_named(ctx, argv + optind, inspect_one, &j);
    json_end(&j, ']');
    return status;
}
