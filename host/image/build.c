/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building one cache entry: look at the host, write the image, patch, check
 * that nothing changed meanwhile, publish.
 */
#include "host/image/build.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/common/image_cache.h"
#include "host/common/xalloc.h"
#include "host/image/policy.h"
#include "host/image/scan.h"

enum { MAX_TRIES = 5 };

struct builder {
    struct build_report *report;
    struct err *err;
    struct inputs inputs;
    struct scan scan;
};

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- what goes in ---------------------------------------------------------
 */

static int scan_directory(struct builder *b)
{
    if (scan_root(&b->scan, b->report->source, b->err) < 0)
        return -1;
    for (size_t i = 0; i < policy_nr_mount_points; i++)
        tree_mkdir(b->scan.tree, policy_mount_points[i].path,
                   policy_mount_points[i].mode);
    return 0;
}

static bool is_directory(const struct build_report *r)
{
    return r->kind == IMAGE_KIND_DIRECTORY;
}

static int scan_source(struct builder *b)
{
    struct build_report *r = b->report;
    int ret;

    closure_free(&r->closure);
    inputs_init(&b->inputs, r->source);
    inputs_add_self(&b->inputs);
    b->scan = (struct scan){tree_new(), &b->inputs};
    if (is_directory(r))
        ret = scan_directory(b);
    else
        ret = closure_of_elf(&r->closure, &b->scan, r->source, r->exe, b->err);
    r->nr_nodes = b->scan.tree->nr_nodes;
    r->nr_inputs = b->inputs.nr;
    return ret;
}

static int publish(struct builder *b)
{
    struct build_report *r = b->report;
    struct output_entry entry = {
        .kind = r->kind,
        .source = r->source,
        .exe = is_directory(r) ? "-" : r->exe,
        .wants_jit = r->closure.wants_jit,
        .inputs = &b->inputs,
    };

    return output_publish(&r->output, &entry, b->err);
}

static void clean_up(struct builder *b)
{
    output_discard(&b->report->output);
    tree_free(b->scan.tree);
    inputs_free(&b->inputs);
}

/* 1: something changed while we looked, try again. */
static int try_build(struct builder *b)
{
    uint64_t start = now_ns();
    int ret = scan_source(b);
    bool scanned = ret == 0;
    const char *changed;

    b->report->scan_ns = now_ns() - start;
    if (scanned) {
        inputs_settle(&b->inputs);
        ret = output_write(&b->report->output, b->scan.tree, b->err);
    }
    changed = scanned ? inputs_changed(&b->inputs) : NULL;
    if (changed) {
        *b->err = (struct err){0};
        err_set(b->err, ERR_TOOL, "%s keeps changing while it is read",
                changed);
        ret = 1;
    }
    if (ret == 0)
        ret = publish(b);
    clean_up(b);
    return ret;
}

/* ---- public ------------------------------------------------------------- */

static int identify(const char *path, struct build_report *r,
                    const char *cache_dir, struct err *err)
{
    char source[PATH_MAX], cache[PATH_MAX];
    struct stat st;
    size_t len;

    if (image_cache_source(path, source, &r->kind, err) < 0)
        return -1;
    r->source = xstrdup(source);
    r->exe = realpath(path, NULL);
    if (!r->exe || stat(r->exe, &st) < 0)
        return err_set(err, ERR_NOT_FOUND, "run %s: %m", path);
    if (!is_directory(r) && !S_ISREG(st.st_mode))
        return err_set(err, ERR_CANNOT_RUN,
                       "run %s: it is neither a program nor a directory", path);
    len = strlen(r->source);
    if (is_directory(r) && realpath(cache_dir, cache) &&
        strncmp(cache, r->source, len) == 0 &&
        (cache[len] == '/' || cache[len] == '\0' || len == 1))
        return err_set(err, ERR_TOOL,
                       "run %s: the image cache %s lies inside; choose "
                       "another directory",
                       path, cache);
    return 0;
}

int build_image(const char *path, const char *cache_dir,
                struct build_report *report, FILE *verbose, struct err *err)
{
    struct builder b = {.report = report, .err = err};
    int ret;

    *report = (struct build_report){0};
    output_init(&report->output, cache_dir, verbose);
    if (identify(path, report, cache_dir, err) < 0 ||
        publish_prepare(cache_dir, err) < 0)
        return -1;
    ret = 1;
    for (int i = 0; ret > 0 && i < MAX_TRIES; i++) {
        *err = (struct err){0};
        ret = try_build(&b);
    }
    return ret == 0 ? 0 : -1;
}

void build_report_free(struct build_report *report)
{
    free(report->source);
    free(report->exe);
    closure_free(&report->closure);
}
