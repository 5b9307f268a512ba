/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Building one cache entry: look at the host, write the image, patch, check
 * that nothing changed meanwhile, publish.
 */
#include "host/image/build.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/common/image_cache.h"
#include "host/common/xalloc.h"
#include "host/image/erofs.h"
#include "host/image/policy.h"
#include "host/image/publish.h"
#include "host/image/scan.h"
#include "host/patch/sidecar.h"

enum { MAX_TRIES = 5 };

struct builder {
    const char *cache_dir;
    struct build_report *report;
    FILE *verbose;
    struct err *err;
    struct inputs inputs;
    struct scan scan;
    struct publish_temp image, sidecar, list;
    uint8_t sha256[32];
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

/* Another builder would perhaps build something else. */
static void add_self(struct inputs *inputs)
{
    char *path = realpath("/proc/self/exe", NULL);
    struct stat st;

    if (path && lstat(path, &st) == 0)
        inputs_add(inputs, path, &st);
    free(path);
}

static int scan_source(struct builder *b)
{
    struct build_report *r = b->report;
    int ret;

    closure_free(&r->closure);
    inputs_init(&b->inputs, r->source);
    add_self(&b->inputs);
    b->scan = (struct scan){tree_new(), &b->inputs};
    if (r->is_directory)
        ret = scan_directory(b);
    else
        ret = closure_of_elf(&r->closure, &b->scan, r->source, r->exe, b->err);
    r->nr_nodes = b->scan.tree->nr_nodes;
    r->nr_inputs = b->inputs.nr;
    return ret;
}

/* ---- image and sidecar -----------------------------------------------------
 */

static void to_hex(const uint8_t bytes[32], char hex[65])
{
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}

static void patch_node(struct builder *b, struct sidecar *s,
                       const struct tree_node *node, const uint8_t *image)
{
    struct tree_inode *inode = node->inode;
    char *path;

    for (size_t i = 0; i < node->nr_children; i++)
        patch_node(b, s, node->children[i], image);
    if (!S_ISREG(inode->mode) || inode->len_bytes < 64 ||
        memcmp(image + inode->image_off, "\177ELF", 4) != 0)
        return;
    if (s->nr && inode->image_off <= s->image_offs[s->nr - 1])
        return; /* a further name */
    path = tree_path(node);
    sidecar_add(s, inode->image_off, image + inode->image_off, inode->len_bytes,
                path, b->verbose);
    free(path);
}

static int write_sidecar(struct builder *b, const uint8_t *image)
{
    struct sidecar s = {0};
    struct stat st;
    int ret;

    patch_node(b, &s, b->scan.tree->root, image);
    ret = publish_temp(&b->sidecar, b->cache_dir, b->err);
    if (ret == 0)
        ret = sidecar_write(&s, b->sha256, b->sidecar.fd, b->err);
    if (ret == 0 && fstat(b->sidecar.fd, &st) == 0)
        b->report->sidecar_bytes = (uint64_t)st.st_size;
    b->report->patch = s.total;
    sidecar_free(&s);
    return ret;
}

static int write_files(struct builder *b)
{
    struct build_report *r = b->report;
    uint64_t start = now_ns();
    void *image;
    int ret;

    if (publish_temp(&b->image, b->cache_dir, b->err) < 0 ||
        erofs_write(b->scan.tree, b->image.fd, &r->image_bytes, b->err) < 0)
        return -1;
    image = mmap(NULL, r->image_bytes, PROT_READ, MAP_SHARED | MAP_POPULATE,
                 b->image.fd, 0);
    if (image == MAP_FAILED)
        return err_set(b->err, ERR_TOOL, "map image: %m");
    SHA256(image, r->image_bytes, b->sha256);
    to_hex(b->sha256, r->digest);
    r->write_ns = now_ns() - start;
    start = now_ns();
    ret = write_sidecar(b, image);
    r->patch_ns = now_ns() - start;
    munmap(image, r->image_bytes);
    return ret;
}

static int write_list(struct builder *b)
{
    struct build_report *r = b->report;
    FILE *out;

    if (publish_temp(&b->list, b->cache_dir, b->err) < 0)
        return -1;
    out = fdopen(dup(b->list.fd), "w");
    if (!out)
        return err_set(b->err, ERR_TOOL, "write list of inputs: %m");
    fputs(IMAGE_CACHE_MAGIC "\nsource ", out);
    inputs_print_path(r->source, out);
    fprintf(out, "\nkind %s\nimage %s.erofs\nsidecar %s.sidecar\nexe ",
            r->is_directory ? "directory" : "elf", r->digest, r->digest);
    inputs_print_path(r->is_directory ? "-" : r->exe, out);
    fprintf(out, "\njit %s\n", r->closure.wants_jit ? "yes" : "no");
    inputs_print(&b->inputs, out);
    if (fclose(out) != 0)
        return err_set(b->err, ERR_TOOL, "write list of inputs: %m");
    return 0;
}

/* ---- publication ------------------------------------------------------------
 */

/* The digest that this entry had until now, or "". */
static void old_digest(const struct builder *b, char digest[65])
{
    struct image_entry entry;
    struct err ignored = {0};
    const char *name;

    digest[0] = '\0';
    image_cache_find(b->cache_dir, b->report->source, &entry, &ignored);
    name = strrchr(entry.image, '/');
    if (name && strlen(name) == 1 + 64 + strlen(".erofs"))
        snprintf(digest, 65, "%s", name + 1);
}

static int publish(struct builder *b)
{
    struct build_report *r = b->report;
    uint64_t start = now_ns();
    char name[80], old[65];
    int ret;

    old_digest(b, old);
    snprintf(name, sizeof(name), "%s.erofs", r->digest);
    ret = publish_rename(&b->image, b->cache_dir, name, b->err);
    snprintf(name, sizeof(name), "%s.sidecar", r->digest);
    if (ret == 0)
        ret = publish_rename(&b->sidecar, b->cache_dir, name, b->err);
    image_cache_key(r->source, r->is_directory, r->inputs);
    if (ret == 0)
        ret = publish_rename(&b->list, b->cache_dir, r->inputs, b->err);
    if (ret == 0)
        ret = publish_sync_dir(b->cache_dir, b->err);
    if (ret == 0 && old[0] && strcmp(old, r->digest) != 0)
        publish_collect(b->cache_dir, old);
    r->publish_ns = now_ns() - start;
    return ret;
}

static void clean_up(struct builder *b)
{
    publish_discard(&b->image);
    publish_discard(&b->sidecar);
    publish_discard(&b->list);
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
        ret = write_files(b);
    }
    changed = scanned ? inputs_changed(&b->inputs) : NULL;
    if (changed) {
        *b->err = (struct err){0};
        err_set(b->err, ERR_TOOL, "%s keeps changing while it is read",
                changed);
        ret = 1;
    }
    if (ret == 0)
        ret = write_list(b);
    if (ret == 0)
        ret = publish(b);
    clean_up(b);
    return ret;
}

/* ---- public
 * ------------------------------------------------------------------ */

static int identify(const char *path, struct build_report *r,
                    const char *cache_dir, struct err *err)
{
    char source[PATH_MAX], cache[PATH_MAX];
    struct stat st;
    size_t len;

    if (image_cache_source(path, source, &r->is_directory, err) < 0)
        return -1;
    r->source = xstrdup(source);
    r->exe = realpath(path, NULL);
    if (!r->exe || stat(r->exe, &st) < 0)
        return err_set(err, ERR_NOT_FOUND, "run %s: %m", path);
    if (!r->is_directory && !S_ISREG(st.st_mode))
        return err_set(err, ERR_CANNOT_RUN,
                       "run %s: it is neither a program nor a directory", path);
    len = strlen(r->source);
    if (r->is_directory && realpath(cache_dir, cache) &&
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
    struct builder b = {.cache_dir = cache_dir,
                        .report = report,
                        .verbose = verbose,
                        .err = err,
                        .image.fd = -1,
                        .sidecar.fd = -1,
                        .list.fd = -1};
    int ret;

    *report = (struct build_report){0};
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
