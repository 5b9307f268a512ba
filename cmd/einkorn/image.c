/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn image ls, prune */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/einkorn/verbs.h"
#include "host/instance/builder.h"
#include "host/instance/prune.h"

enum { SHORT_DIGEST = 12 };

static void print_size(uint64_t len_bytes)
{
    printf("%.1f MB", (double)len_bytes / 1e6);
}

/* Digests and recordings have no name of their own: with `-a` alone. */
static int print_row(const struct cached *c, void *arg)
{
    const bool *all = arg;
    time_t made = c->made_s;
    char when[32];
    bool named =
        strcmp(c->kind, "manifest") != 0 && strcmp(c->kind, "record") != 0;

    if (!*all && (!named || !c->is_fresh)) {
        return 0;
    }
    strftime(when, sizeof(when), "%F %T", localtime(&made));
    printf("%-12.*s  %-9s  %-5s  %s  ", SHORT_DIGEST, c->digest, c->kind,
           c->is_fresh ? "fresh" : "stale", when);
    print_size(c->len_bytes);
    printf("  %s\n", c->source);
    return 0;
}

static int list(struct context *ctx, const char *cache, bool all)
{
    printf("%-12s  %-9s  %-5s  %-19s  %s  %s\n", "IMAGE ID", "KIND", "STATE",
           "CREATED", "SIZE", "SOURCE");
    return cached_each(cache, print_row, &all, &ctx->err);
}

static void tell(const char *source)
{
    printf("deleted: %s\n", source);
}

static int prune(struct context *ctx, const char *cache, bool all, bool force)
{
    uint64_t freed;
    int answer = 'y';

    if (!force) {
        fprintf(stderr,
                "This removes %s; they are made again when they are needed. "
                "Go on? [y/N] ",
                all ? "all images" : "images that are out of date");
        answer = getchar();
    }
    if (answer != 'y' && answer != 'Y') {
        return 0;
    }
    if (cache_prune(cache, all, tell, &freed, &ctx->err) < 0) {
        return -1;
    }
    fputs("Total reclaimed space: ", stdout);
    print_size(freed);
    putchar('\n');
    return 0;
}

int verb_image(struct context *ctx, int argc, char **argv)
{
    bool is_list = argc > 1 && strcmp(argv[1], "ls") == 0;
    bool all = false, force = false;
    char cache[DIR_MAX + 16];
    int code;

    if (!is_list && (argc < 2 || strcmp(argv[1], "prune") != 0)) {
        return err_set(&ctx->err, ERR_TOOL, "image%s%s: use ls or prune",
                       argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    }
    argc--;
    argv++;
    opterr = 0;
    while ((code = getopt_long(argc, argv, is_list ? "+:a" : "+:af",
                               no_long_options, NULL)) != -1) {
        if (code == '?' || code == ':') {
            return bad_option(ctx, argc, argv, code);
        }
        all |= code == 'a';
        force |= code == 'f';
    }
    if (optind < argc) {
        return err_set(&ctx->err, ERR_TOOL, "image %s %s: takes no operands",
                       argv[0], argv[optind]);
    }
    if (builder_cache(&ctx->dirs, cache, &ctx->err) < 0) {
        return -1;
    }
    return is_list ? list(ctx, cache, all) : prune(ctx, cache, all, force);
}
