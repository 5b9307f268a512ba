/* SPDX-License-Identifier: BSD-2-Clause */
/* From a container image to its cache entries: see import.h. */
#include "host/oci/import.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/common/xalloc.h"
#include "host/image/policy.h"
#include "host/oci/layer.h"
#include "host/oci/settings.h"

enum { PLAN_MAX = 1 << 20 };

struct import {
    const struct image_ref *ref;
    struct build_report *report;
    struct err *err;
    struct inputs inputs;
    struct spool spool;
    struct oci_store store;
    struct oci_image image;
    char plan[PLAN_MAX]; /* block of strings */
};

static uint64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---- finding it ---------------------------------------------------------- */

/* The one file whose change can make the name mean another image. */
static int watch(struct import *im)
{
    const struct image_ref *ref = im->ref;
    char *path = ref->transport == IMAGE_OCI
                     ? xasprintf("%s/index.json", ref->path)
                     : xstrdup(ref->path);
    struct stat st;
    int ret = lstat(path, &st);

    if (ret < 0)
        err_set(im->err, ERR_TOOL,
                "%s: %s: %m (is it an OCI image layout? `skopeo copy` makes "
                "one)",
                im->report->source, path);
    else
        inputs_add(&im->inputs, path, &st);
    free(path);
    return ret;
}

static int open_store(struct import *im)
{
    const char *where = im->report->source;

    if (im->ref->transport == IMAGE_OCI)
        return store_open_directory(&im->store, im->ref->path, where, im->err);
    return store_open_archive(&im->store, im->ref->path, where, &im->spool,
                              im->err);
}

static int find(struct import *im)
{
    const char *tag = im->ref->tag;

    inputs_init(&im->inputs, "/");
    inputs_add_self(&im->inputs);
    if (watch(im) < 0)
        return -1;
    inputs_settle(&im->inputs);
    if (open_store(im) < 0)
        return -1;
    return im->ref->transport == IMAGE_DOCKER_ARCHIVE
               ? docker_manifest_read(&im->store, tag, &im->image, im->err)
               : manifest_read(&im->store, tag, &im->image, im->err);
}

/* ---- unpacking it -------------------------------------------------------- */

static int make_plan(struct import *im)
{
    struct strings s;

    strings_init(&s, im->plan, sizeof(im->plan));
    if (settings_add(&s, &im->image, im->report->source, im->err) < 0)
        return -1;
    return strings_end(&s)
               ? 0
               : err_set(im->err, ERR_TOOL, "%s: configuration: too long",
                         im->report->source);
}

static int unpack(struct import *im, struct tree *t)
{
    struct layer_notes notes = {0};

    for (size_t i = 0; i < im->image.nr_layers; i++)
        if (layer_apply(t, &im->store, &im->image.layers[i], (uint32_t)i + 1,
                        &im->spool, &notes, im->err) < 0)
            return -1;
    if (notes.nr_xattrs > 0)
        fprintf(stderr,
                "einkorn: note: %s: extended attributes (capabilities, ACLs) "
                "of %zu files are left out\n",
                im->report->source, notes.nr_xattrs);
    for (size_t i = 0; i < policy_nr_mount_points; i++)
        tree_mkdir(t, policy_mount_points[i].path, policy_mount_points[i].mode);
    settings_make_directories(t, im->plan);
    im->report->nr_nodes = t->nr_nodes;
    return 0;
}

/* By its digest the entry depends on nothing but this program. */
static int publish_manifest(struct import *im)
{
    struct inputs self;
    struct output_entry entry = {.kind = IMAGE_KIND_MANIFEST,
                                 .source = im->image.id,
                                 .exe = "-",
                                 .plan = im->plan,
                                 .inputs = &self};
    int ret;

    inputs_init(&self, "/");
    inputs_add_self(&self);
    ret = output_publish(&im->report->output, &entry, im->err);
    inputs_free(&self);
    return ret;
}

static int build(struct import *im)
{
    struct tree *t = tree_new();
    uint64_t start = now_ns();
    int ret = make_plan(im);

    if (ret == 0)
        ret = unpack(im, t);
    im->report->scan_ns = now_ns() - start;
    if (ret == 0)
        ret = output_write(&im->report->output, t, im->err);
    if (ret == 0)
        ret = publish_manifest(im);
    tree_free(t);
    return ret;
}

/* An entry of that digest from an earlier import. */
static bool find_known(struct import *im)
{
    struct output *o = &im->report->output;
    struct image_entry entry;
    bool found = image_cache_load(o->cache_dir, IMAGE_KIND_MANIFEST,
                                  im->image.id, &entry) > 0;

    if (found) {
        snprintf(o->digest, sizeof(o->digest), "%s",
                 strrchr(entry.image, '/') + 1);
        found = make_plan(im) == 0;
    }
    image_entry_free(&entry);
    return found;
}

static int publish_name(struct import *im)
{
    struct build_report *r = im->report;
    struct output_entry entry = {.kind = IMAGE_KIND_NAME,
                                 .source = r->source,
                                 .exe = "-",
                                 .plan = im->plan,
                                 .inputs = &im->inputs};
    const char *changed = inputs_changed(&im->inputs);

    r->nr_inputs = im->inputs.nr;
    if (changed)
        return err_set(im->err, ERR_TOOL, "%s: %s changed while it was read",
                       r->source, changed);
    /* What was renamed into place must not be renamed again. */
    output_discard(&r->output);
    return output_publish(&r->output, &entry, im->err);
}

static void clean_up(struct import *im)
{
    output_discard(&im->report->output);
    image_free(&im->image);
    store_close(&im->store);
    spool_close(&im->spool);
    inputs_free(&im->inputs);
    free(im);
}

int import_image(const struct image_ref *ref, const char *cache_dir,
                 struct build_report *report, FILE *verbose, struct err *err)
{
    struct import *im = xcalloc(1, sizeof(*im));
    char source[PATH_MAX];
    int ret = -1;

    /* libarchive translates names from and to the locale. */
    setlocale(LC_CTYPE, "C.UTF-8");
    *report = (struct build_report){.kind = IMAGE_KIND_NAME};
    output_init(&report->output, cache_dir, verbose);
    im->ref = ref;
    im->report = report;
    im->err = err;
    im->spool.file.fd = im->store.dir_fd = -1;
    if (image_ref_print(ref, source) < 0) {
        err_set(err, ERR_TOOL, "%s: too long a name", ref->path);
        goto out;
    }
    report->source = xstrdup(source);
    if (publish_prepare(cache_dir, err) == 0 &&
        spool_open(&im->spool, cache_dir, err) == 0 && find(im) == 0 &&
        (find_known(im) || (err->status == 0 && build(im) == 0)))
        ret = publish_name(im);
out:
    clean_up(im);
    return ret;
}
