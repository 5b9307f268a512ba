/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn stop, kill and rm: each an action on named instances. */
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/einkorn/verbs.h"
#include "host/common/strings.h"
#include "host/instance/control.h"
#include "host/instance/spec.h"

static void say_name(const struct inst *inst)
{
    printf("%s\n", strings_get(inst->record, "name"));
    fflush(stdout);
}

static int stop_one(const struct store *store, struct inst *inst, void *arg,
                    struct err *err)
{
    (void)store;
    if (control_stop(inst, *(int *)arg, err) < 0) {
        return -1;
    }
    say_name(inst);
    return 0;
}

static const struct option stop_options[] = {
    {"time", required_argument, NULL, 't'},
    {"timeout", required_argument, NULL, 't'},
    {NULL, 0, NULL, 0},
};

int verb_stop(struct context *ctx, int argc, char **argv)
{
    int seconds = 10, code;

    opterr = 0;
    while ((code = getopt_long(argc, argv, ":t:", stop_options, NULL)) != -1) {
        char *end;

        if (code != 't') {
            return bad_option(ctx, argc, argv, code);
        }
        seconds = (int)strtoul(optarg, &end, 10);
        if (*end != '\0' || optarg[0] < '0' || optarg[0] > '9') {
            return err_set(&ctx->err, ERR_TOOL,
                           "stop -t %s: not a number of seconds", optarg);
        }
    }
    if (need_operands(ctx, argc, "stop") < 0) {
        return -1;
    }
    return for_each_named(ctx, argv + optind, stop_one, &seconds);
}

static int kill_one(const struct store *store, struct inst *inst, void *arg,
                    struct err *err)
{
    (void)store;
    if (control_signal(inst, *(int *)arg, err) < 0) {
        return -1;
    }
    say_name(inst);
    return 0;
}

static const struct option kill_options[] = {
    {"signal", required_argument, NULL, 's'},
    {NULL, 0, NULL, 0},
};

int verb_kill(struct context *ctx, int argc, char **argv)
{
    int signal = SIGKILL, code;

    opterr = 0;
    while ((code = getopt_long(argc, argv, ":s:", kill_options, NULL)) != -1) {
        if (code != 's') {
            return bad_option(ctx, argc, argv, code);
        }
        signal = signal_parse(optarg);
        if (signal < 0) {
            return err_set(&ctx->err, ERR_TOOL,
                           "kill -s %s: unknown signal (for example TERM, HUP "
                           "or 9)",
                           optarg);
        }
    }
    if (need_operands(ctx, argc, "kill") < 0) {
        return -1;
    }
    return for_each_named(ctx, argv + optind, kill_one, &signal);
}

struct removal {
    const char *run_dir;
    bool force;
};

static int remove_one(const struct store *store, struct inst *inst, void *arg,
                      struct err *err)
{
    const struct removal *removal = arg;

    if (removal->force && control_stop(inst, 0, err) < 0) {
        return -1;
    }
    if (control_remove(store, removal->run_dir, inst, err) < 0) {
        return -1;
    }
    say_name(inst);
    return 0;
}

static const struct option rm_options[] = {
    {"force", no_argument, NULL, 'f'},
    {NULL, 0, NULL, 0},
};

int verb_rm(struct context *ctx, int argc, char **argv)
{
    struct removal removal = {.run_dir = ctx->dirs.run};
    int code;

    opterr = 0;
    while ((code = getopt_long(argc, argv, ":f", rm_options, NULL)) != -1) {
        if (code != 'f') {
            return bad_option(ctx, argc, argv, code);
        }
        removal.force = true;
    }
    if (need_operands(ctx, argc, "rm") < 0) {
        return -1;
    }
    return for_each_named(ctx, argv + optind, remove_one, &removal);
}
