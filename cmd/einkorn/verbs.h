/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tool's verbs. Each gets its own name as argv[0], prints what it has to
 * say and returns the exit status; -1 means that *err is to be reported.
 */
#ifndef EINKORN_CMD_VERBS_H
#define EINKORN_CMD_VERBS_H

#include <getopt.h>

#include "host/common/err.h"
#include "host/instance/dirs.h"
#include "host/instance/store.h"

struct context {
    const char *verb; /* as it was called */
    struct dirs dirs;
    struct err err;
};

int verb_run(struct context *ctx, int argc, char **argv);
int verb_trace(struct context *ctx, int argc, char **argv);
int verb_debug(struct context *ctx, int argc, char **argv);
int verb_export(struct context *ctx, int argc, char **argv);
int verb_ps(struct context *ctx, int argc, char **argv);
int verb_logs(struct context *ctx, int argc, char **argv);
int verb_stop(struct context *ctx, int argc, char **argv);
int verb_kill(struct context *ctx, int argc, char **argv);
int verb_rm(struct context *ctx, int argc, char **argv);
int verb_wait(struct context *ctx, int argc, char **argv);
int verb_inspect(struct context *ctx, int argc, char **argv);
int verb_image(struct context *ctx, int argc, char **argv);
int verb_volume(struct context *ctx, int argc, char **argv);
int verb_disk(struct context *ctx, int argc, char **argv);
int verb_info(struct context *ctx, int argc, char **argv);

/* ---- what several verbs need (common.c) ---- */

/* For getopt_long(3) of a verb without any: it knows then what to complain
 * of. */
extern const struct option no_long_options[];

/* getopt(3) said '?' or ':' : fills the error and returns -1. */
int bad_option(struct context *ctx, int argc, char **argv, int result);

/* At least one operand is needed; says so otherwise. */
int need_operands(struct context *ctx, int argc, const char *verb);

/* Calls act for each instance named from argv[0] on; goes on after errors,
 * reporting each, and returns 0 or the status of the last error. */
int for_each_named(struct context *ctx, char **argv,
                   int (*act)(const struct store *store, struct inst *inst,
                              void *arg, struct err *err),
                   void *arg);

#endif
