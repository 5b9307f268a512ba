/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn volume create, ls, inspect, rm, prune */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd/einkorn/verbs.h"
#include "host/common/json.h"
#include "host/volume/named.h"

struct volume_verb {
    const char *name, *options;
    /* Called for each operand, or once with NULL if it takes none. */
    int (*run)(struct context *ctx, const char *operand, bool flag);
    int min_operands, max_operands;
};

static int create(struct context *ctx, const char *name, bool flag)
{
    struct named v;

    (void)flag;
    if (named_create(&ctx->dirs, name, &v, &ctx->err) < 0) {
        return -1;
    }
    puts(v.name);
    return 0;
}

static int print_row(const struct named *v, void *arg)
{
    const bool *quiet = arg;

    printf(*quiet ? "%s\n" : "local     %s\n", v->name);
    return 0;
}

static int list(struct context *ctx, const char *operand, bool quiet)
{
    (void)operand;
    if (!quiet) {
        puts("DRIVER    VOLUME NAME");
    }
    return named_each(&ctx->dirs, print_row, &quiet, &ctx->err);
}

static void print_json(const struct named *v)
{
    struct json j = {.out = stdout};
    char created[32];
    time_t at = v->created_s;

    strftime(created, sizeof(created), "%FT%TZ", gmtime(&at));
    json_begin(&j, NULL, '[');
    json_begin(&j, NULL, '{');
    json_str(&j, "CreatedAt", created);
    json_str(&j, "Driver", "local");
    json_str(&j, "Mountpoint", v->path);
    json_str(&j, "Name", v->name);
    json_str(&j, "Scope", "local");
    json_end(&j, '}');
    json_end(&j, ']');
}

static int inspect(struct context *ctx, const char *name, bool flag)
{
    struct named v;

    (void)flag;
    if (named_check(name, &ctx->err) < 0) {
        return -1;
    }
    if (!named_find(&ctx->dirs, name, &v)) {
        return err_set(&ctx->err, ERR_TOOL,
                       "volume %s: there is none (`einkorn volume ls` lists "
                       "them)",
                       name);
    }
    print_json(&v);
    return 0;
}

static int rm(struct context *ctx, const char *name, bool flag)
{
    (void)flag;
    if (named_remove(&ctx->dirs, name, &ctx->err) < 0) {
        return -1;
    }
    puts(name);
    return 0;
}

static int prune_one(const struct named *v, void *arg)
{
    struct context *ctx = arg;

    if (named_in_use(&ctx->dirs, v)) {
        return 0;
    }
    return rm(ctx, v->name, false);
}

static int prune(struct context *ctx, const char *operand, bool force)
{
    int answer = 'y';

    (void)operand;
    if (!force) {
        fputs("This removes all volumes that no instance has. Go on? [y/N] ",
              stderr);
        answer = getchar();
    }
    if (answer != 'y' && answer != 'Y') {
        return 0;
    }
    return named_each(&ctx->dirs, prune_one, ctx, &ctx->err);
}

static const struct volume_verb verbs[] = {
    {"create", "+:", create, 1, 1},   {"ls", "+:q", list, 0, 0},
    {"inspect", "+:", inspect, 1, 1}, {"rm", "+:", rm, 1, 1 << 20},
    {"prune", "+:f", prune, 0, 0},
};

static const struct volume_verb *find(const char *name)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (name != NULL && strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

/* The names from argv[0] on; goes on after errors. */
static int run_all(struct context *ctx, const struct volume_verb *verb,
                   char **argv, bool flag)
{
    int status = 0;

    if (verb->max_operands == 0) {
        return verb->run(ctx, NULL, flag);
    }
    for (; *argv != NULL; argv++) {
        if (verb->run(ctx, *argv, flag) < 0) {
            err_print("einkorn", &ctx->err);
            status = ctx->err.status;
            ctx->err = (struct err){0};
        }
    }
    return status;
}

int verb_volume(struct context *ctx, int argc, char **argv)
{
    const struct volume_verb *verb = find(argv[1]);
    bool flag = false;
    int code;

    if (verb == NULL) {
        return err_set(&ctx->err, ERR_TOOL,
                       "volume%s%s: use create, ls, inspect, rm or prune",
                       argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    }
    argc--;
    argv++;
    opterr = 0;
    while ((code = getopt_long(argc, argv, verb->options, no_long_options,
                               NULL)) != -1) {
        if (code == '?' || code == ':') {
            return bad_option(ctx, argc, argv, code);
        }
        flag = true;
    }
    if (argc - optind < verb->min_operands ||
        argc - optind > verb->max_operands) {
        return err_set(&ctx->err, ERR_TOOL,
                       "volume %s: %s (see `einkorn volume --help`)", argv[0],
                       argc - optind < verb->min_operands
                           ? "which volume?"
                           : "takes fewer operands");
    }
    return run_all(ctx, verb, argv + optind, flag);
}
