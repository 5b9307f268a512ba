/* SPDX-License-Identifier: BSD-2-Clause */
/* Index, manifest and configuration of an OCI image: see manifest.h. */
#include "host/oci/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/common/xalloc.h"
#include "host/oci/json_file.h"

enum { MAX_DEPTH = 8, MAX_LAYERS = 1024 };

static const char *const index_types[] = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json", NULL};
static const char *const manifest_types[] = {
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json", NULL};
static const char *const config_types[] = {
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json", NULL};
static const char *const layer_types[] = {
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    NULL};

static bool is_one_of(const char *const *types, const char *media)
{
    while (*types && strcmp(*types, media) != 0)
        types++;
    return *types;
}

/* ---- descriptors --------------------------------------------------------- */

static int parse_descriptor(const struct oci_store *s, const json_t *json,
                            struct descriptor *out, struct err *err)
{
    const char *digest = json_text(json, "digest");
    json_int_t size = json_integer_value(json_object_get(json, "size"));

    if (!digest_valid(digest))
        return err_set(err, ERR_TOOL,
                       "%s: `%.80s` is no digest that can be used (only "
                       "sha256 is)",
                       s->where, digest);
    if (!json_is_integer(json_object_get(json, "size")) || size < 0)
        return err_set(err, ERR_TOOL, "%s: %s: its size is not stated",
                       s->where, digest);
    strcpy(out->digest, digest);
    out->len_bytes = (uint64_t)size;
    out->media = json_text(json, "mediaType");
    return 0;
}

/* Where a layout keeps a blob. */
static void blob_name(const char *digest, char name[96])
{
    snprintf(name, 96, "blobs/sha256/%s", digest_hex(digest));
}

static json_t *read_described(struct oci_store *s, const struct descriptor *d,
                              struct err *err)
{
    char name[96];

    blob_name(d->digest, name);
    return json_file_read(s, name, d->digest, d->len_bytes, err);
}

/* ---- indexes ------------------------------------------------------------- */

static bool fits_platform(const json_t *descriptor)
{
    const json_t *platform = json_object_get(descriptor, "platform");
    const char *variant = json_text(platform, "variant");

    if (!json_is_object(platform))
        return true;
    return strcmp(json_text(platform, "os"), "linux") == 0 &&
           strcmp(json_text(platform, "architecture"), "amd64") == 0 &&
           (!variant[0] || strcmp(variant, "v1") == 0 ||
            strcmp(variant, "v2") == 0);
}

static const char *tag_of(const json_t *descriptor)
{
    return json_text(json_object_get(descriptor, "annotations"),
                     "org.opencontainers.image.ref.name");
}

static bool has_tag(const json_t *descriptor, const char *tag)
{
    const json_t *notes = json_object_get(descriptor, "annotations");

    return !tag[0] || strcmp(tag_of(descriptor), tag) == 0 ||
           strcmp(json_text(notes, "io.containerd.image.name"), tag) == 0;
}

static int no_such_image(const struct oci_store *s, const json_t *list,
                         const char *why, struct err *err)
{
    char tags[512] = "";
    size_t i, len = 0;
    json_t *d;

    json_array_foreach(list, i, d)
    {
        const char *tag = tag_of(d);

        if (tag[0] && len + strlen(tag) + 3 < sizeof(tags))
            len += (size_t)snprintf(tags + len, sizeof(tags) - len, "%s%s",
                                    len ? ", " : "", tag);
    }
    return err_set(err, ERR_TOOL, "%s: %s (tags there: %s)", s->where, why,
                   len ? tags : "none");
}

/* The entry of a list that is to be taken, or NULL. */
static const json_t *choose(const struct oci_store *s, const json_t *index,
                            const char *tag, bool is_top, struct err *err)
{
    const json_t *list = json_object_get(index, "manifests");
    const json_t *found = NULL, *d;
    bool other = false;

    if (!json_is_array(list)) {
        err_set(err, ERR_TOOL, "%s: the index has no list of manifests",
                s->where);
        return NULL;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        d = json_array_get(list, i);
        if (is_top && !has_tag(d, tag))
            continue;
        other |= !fits_platform(d);
        if (!fits_platform(d))
            continue;
        if (found && is_top && !tag[0]) {
            no_such_image(s, list, "several images: name one by its tag", err);
            return NULL;
        }
        found = found ? found : d;
    }
    if (!found && other)
        err_set(err, ERR_CANNOT_RUN, "%s: has no image for linux/amd64",
                s->where);
    else if (!found)
        no_such_image(s, list, "no such image", err);
    return found;
}

/* What an index or manifest without a stated type is, it shows itself. */
static bool is_index(const struct descriptor *d, const json_t *json)
{
    return is_one_of(index_types, d->media) ||
           (!d->media[0] && json_object_get(json, "manifests"));
}

/* ---- manifest and configuration ------------------------------------------ */

static int read_layers(const struct oci_store *s, const json_t *manifest,
                       struct oci_image *out, struct err *err)
{
    const json_t *list = json_object_get(manifest, "layers");
    size_t nr = json_array_size(list);
    struct descriptor d = {.media = ""};
    char name[96];

    if (!json_is_array(list) || nr > MAX_LAYERS)
        return err_set(err, ERR_TOOL,
                       "%s: the manifest has no list of at most %d layers",
                       s->where, MAX_LAYERS);
    out->layers = xcalloc(nr, sizeof(*out->layers));
    for (size_t i = 0; i < nr; i++) {
        struct layer_ref *layer = &out->layers[i];

        if (parse_descriptor(s, json_array_get(list, i), &d, err) < 0)
            return -1;
        if (!is_one_of(layer_types, d.media))
            return err_set(err, ERR_TOOL,
                           "%s: layer %zu is `%.100s`, which cannot be "
                           "unpacked (tar, gzip and zstd can)",
                           s->where, i + 1, d.media);
        blob_name(d.digest, name);
        layer->name = xstrdup(name);
        strcpy(layer->digest, d.digest);
        layer->len_bytes = d.len_bytes;
        out->nr_layers++;
    }
    return 0;
}

int config_check(const struct oci_store *s, struct oci_image *image,
                 struct err *err)
{
    const char *os = json_text(image->config, "os");
    const char *machine = json_text(image->config, "architecture");
    const json_t *ids =
        json_object_get(json_object_get(image->config, "rootfs"), "diff_ids");

    if (strcmp(os, "linux") != 0 || strcmp(machine, "amd64") != 0)
        return err_set(err, ERR_CANNOT_RUN,
                       "%s: the image is for %.32s/%.32s (only linux/amd64 "
                       "runs here)",
                       s->where, os, machine);
    if (json_array_size(ids) != image->nr_layers)
        return err_set(err, ERR_TOOL,
                       "%s: the configuration lists %zu layers, the manifest "
                       "%zu",
                       s->where, json_array_size(ids), image->nr_layers);
    for (size_t i = 0; i < image->nr_layers; i++) {
        const char *id = json_string_value(json_array_get(ids, i));

        if (!id || !digest_valid(id))
            return err_set(err, ERR_TOOL, "%s: diff_id of layer %zu: `%.80s`",
                           s->where, i + 1, id ? id : "");
        strcpy(image->layers[i].diff_id, id);
    }
    return 0;
}

static int read_image(struct oci_store *s, const json_t *manifest,
                      const char *media, struct oci_image *out, struct err *err)
{
    struct descriptor config = {.media = ""};

    if (media[0] && !is_one_of(manifest_types, media))
        return err_set(err, ERR_TOOL, "%s: `%.100s` is no container image",
                       s->where, media);
    if (parse_descriptor(s, json_object_get(manifest, "config"), &config, err) <
        0)
        return -1;
    if (!is_one_of(config_types, config.media))
        return err_set(err, ERR_TOOL,
                       "%s: no container image: its configuration is `%.100s`",
                       s->where, config.media);
    if (read_layers(s, manifest, out, err) < 0)
        return -1;
    out->config = read_described(s, &config, err);
    return out->config ? config_check(s, out, err) : -1;
}

/* Down through nested indexes. */
static int descend(struct oci_store *s, const json_t *index, const char *tag,
                   int depth, struct oci_image *out, struct err *err)
{
    const json_t *chosen = choose(s, index, tag, depth == 0, err);
    struct descriptor d = {.media = ""};
    json_t *json;
    int ret;

    if (!chosen || parse_descriptor(s, chosen, &d, err) < 0)
        return -1;
    if (depth == MAX_DEPTH)
        return err_set(err, ERR_TOOL,
                       "%s: indexes are nested deeper than %d levels", s->where,
                       MAX_DEPTH);
    json = read_described(s, &d, err);
    if (!json)
        return -1;
    if (is_index(&d, json)) {
        ret = descend(s, json, tag, depth + 1, out, err);
    } else {
        strcpy(out->id, d.digest);
        ret = read_image(s, json, d.media, out, err);
    }
    json_decref(json);
    return ret;
}

int manifest_read(struct oci_store *s, const char *tag, struct oci_image *out,
                  struct err *err)
{
    json_t *index;
    int ret;

    *out = (struct oci_image){0};
    index = json_file_read(s, "index.json", NULL, UINT64_MAX, err);
    if (!index)
        return -1;
    ret = descend(s, index, tag, 0, out, err);
    json_decref(index);
    return ret;
}

void image_free(struct oci_image *image)
{
    for (size_t i = 0; i < image->nr_layers; i++)
        free(image->layers[i].name);
    free(image->layers);
    json_decref(image->config);
    *image = (struct oci_image){0};
}
