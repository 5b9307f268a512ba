/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording an entrypoint script: see record.h. */
#include "host/record/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "host/common/image_cache.h"
#include "host/common/strings.h"
#include "host/common/xalloc.h"
#include "host/image/erofs_tree.h"
#include "host/image/output.h"
#include "host/record/changes.h"
#include "host/record/sandbox.h"

enum { TIMEOUT_S = 60, PLAN_MAX = 4 << 20 };

struct record {
    const char *request;
    struct erofs_image image;
    struct tree *tree;
    struct spool spool;
    struct output output;
    struct err *err;
    char *plan;          /* PLAN_MAX bytes */
    const char *program; /* in plan: what the script came to */
    long nr_changes;
};

static const char *get(const struct record *r, const char *key)
{
    return strings_get(r->request, key);
}

/* ---- what comes out of the sandbox --------------------------------------- */

static int report_failure(struct record *r, const struct sandbox_result *res)
{
    const char *why = res->err.text;

    fputs(res->said, stderr);
    if (strncmp(why, "sandbox:", 8) == 0)
        return err_set(r->err, ERR_TOOL, "%s: %s", get(r, "source"), why);
    return err_set(r->err, res->err.status,
                   "%s: %s was run once to see what it starts, but %s; name "
                   "the program itself with --entrypoint",
                   get(r, "source"), get(r, "exe"), why);
}

/* The request with '?' before each string, then what came of it. */
static int read_plan(struct record *r, FILE *in, size_t len)
{
    const char *s = r->request;
    char *to = r->plan;

    for (; *s; s += strlen(s) + 1) {
        if ((size_t)(to - r->plan) + strlen(s) + len + 4 > PLAN_MAX)
            return err_set(r->err, ERR_TOOL, "%s: command line too long",
                           get(r, "source"));
        *to = '?';
        to = stpcpy(to + 1, s) + 1;
    }
    r->program = to;
    if (fread(to, 1, len, in) == len && strings_valid(to, len))
        return 0;
    return err_set(r->err, ERR_TOOL, "sandbox: it ended early");
}

static int take_result(struct record *r, FILE *in)
{
    struct sandbox_result *res = xcalloc(1, sizeof(*res));
    int ret = -1;

    if (fread(res, sizeof(*res), 1, in) != 1)
        err_set(r->err, ERR_TOOL, "sandbox: it ended early");
    else if (res->err.status != 0)
        report_failure(r, res);
    else
        ret = read_plan(r, in, res->strings_len);
    free(res);
    if (ret < 0)
        return -1;
    r->nr_changes = changes_apply(in, r->tree, &r->spool);
    if (r->nr_changes < 0)
        return err_set(r->err, ERR_TOOL,
                       "%s: what %s changed could not be kept",
                       get(r, "source"), get(r, "exe"));
    return 0;
}

static int timeout_s(void)
{
    const char *text = getenv("EINKORN_RECORD_SECONDS");
    int given = text ? atoi(text) : 0;

    return given > 0 ? given : TIMEOUT_S;
}

static int run(struct record *r)
{
    struct sandbox box = {.tree = r->tree,
                          .data = r->image.bytes,
                          .data_bytes = r->image.len_bytes,
                          .request = r->request,
                          .spool = &r->spool,
                          .timeout_s = timeout_s()};
    pid_t pid;
    FILE *in = sandbox_start(&box, &pid, r->err);
    int ret = -1;

    if (!in)
        return -1;
    if (r->err->status == 0)
        ret = take_result(r, in);
    fclose(in);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return ret;
}

/* ---- and into the cache ---------------------------------------------------
 */

static void tell(const struct record *r)
{
    const char *arg = NULL;

    fprintf(stderr, "einkorn: note: %s: ran %s once in a sandbox; it starts `",
            get(r, "source"), get(r, "exe"));
    while ((arg = strings_next(r->program, "arg", arg)))
        fprintf(stderr, "%s%s", arg,
                strings_next(r->program, "arg", arg) ? " " : "");
    fprintf(stderr, "` as user %s; that and %ld changed files are kept\n",
            strings_get(r->program, "uid"), r->nr_changes);
}

static int publish(struct record *r)
{
    char source[PATH_MAX];
    struct inputs self;
    struct output_entry entry = {.kind = IMAGE_KIND_RECORD,
                                 .source = source,
                                 .exe = "-",
                                 .plan = r->plan,
                                 .inputs = &self};
    int ret;

    image_cache_record_source(r->request, source);
    inputs_init(&self, "/");
    inputs_add_self(&self);
    ret = output_publish(&r->output, &entry, r->err);
    inputs_free(&self);
    return ret;
}

static int open_base(struct record *r)
{
    const char *base = get(r, "base");
    char *path;
    int ret;

    if (strlen(base) != 64 || strspn(base, "0123456789abcdef") != 64)
        return err_set(r->err, ERR_TOOL, "record: `%s` is no image", base);
    path = xasprintf("%s/%s.erofs", r->output.cache_dir, base);
    ret = erofs_open(&r->image, path, r->err);
    if (ret == 0) {
        r->tree = erofs_tree(&r->image, path, r->err);
        ret = r->tree ? 0 : -1;
    }
    free(path);
    return ret;
}

int record_entry(const char *request, const char *cache_dir, FILE *verbose,
                 struct err *err)
{
    struct record r = {.request = request, .err = err};
    int ret = -1;

    output_init(&r.output, cache_dir, verbose);
    r.spool.file.fd = -1;
    r.plan = xmalloc(PLAN_MAX);
    if (publish_prepare(cache_dir, err) == 0 && open_base(&r) == 0 &&
        spool_open(&r.spool, cache_dir, err) == 0 && run(&r) == 0 &&
        output_write(&r.output, r.tree, err) == 0 && publish(&r) == 0) {
        tell(&r);
        ret = 0;
    }
    output_discard(&r.output);
    spool_close(&r.spool);
    if (r.tree)
        tree_free(r.tree);
    if (r.image.bytes)
        erofs_close(&r.image);
    free(r.plan);
    return ret;
}
