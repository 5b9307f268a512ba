/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `docker save` writes: manifest.json names a configuration and layers
 * by file; the only digests are those in the configuration, whose own digest
 * is its name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/common/xalloc.h"
#include "host/oci/json_file.h"
#include "host/oci/manifest.h"

enum { MAX_LAYERS = 1024 };

/* "docker.io/library/redis" and "redis" are one. */
static const char *short_name(const char *name)
{
    static const char *const prefixes[] = {"docker.io/", "library/"};

    for (int i = 0; i < 2; i++)
        if (strncmp(name, prefixes[i], strlen(prefixes[i])) == 0)
            name += strlen(prefixes[i]);
    return name;
}

/* "redis" stands for "redis:latest". */
static bool is_named(const json_t *names, const char *tag)
{
    const char *wanted = short_name(tag), *slash = strrchr(wanted, '/');
    bool has_version = strchr(slash ? slash : wanted, ':');
    size_t len = strlen(wanted);

    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));

        name = name ? short_name(name) : "";
        if (strncmp(name, wanted, len) == 0 &&
            strcmp(name + len, has_version ? "" : ":latest") == 0)
            return true;
    }
    return false;
}

static const json_t *choose(const struct oci_store *s, const json_t *list,
                            const char *tag, struct err *err)
{
    size_t nr = json_array_size(list);

    if (!tag[0] && nr == 1)
        return json_array_get(list, 0);
    for (size_t i = 0; tag[0] && i < nr; i++) {
        const json_t *item = json_array_get(list, i);

        if (is_named(json_object_get(item, "RepoTags"), tag))
            return item;
    }
    err_set(err, ERR_TOOL,
            tag[0] ? "%s: no such image in it (%zu others)"
                   : "%s: name one of its %zu images by its tag",
            s->where, nr);
    return NULL;
}

/* The configuration's file is called HEX.json, or blobs/sha256/HEX. */
static int config_digest(const struct oci_store *s, const char *name,
                         char digest[DIGEST_TEXT_MAX], struct err *err)
{
    const char *slash = strrchr(name, '/');
    const char *base = slash ? slash + 1 : name;

    snprintf(digest, DIGEST_TEXT_MAX, "sha256:%.64s", base);
    if (digest_valid(digest))
        return 0;
    return err_set(err, ERR_TOOL,
                   "%s: configuration `%.80s` is not named by its digest",
                   s->where, name);
}

static int read_layers(const struct oci_store *s, const json_t *list,
                       struct oci_image *out, struct err *err)
{
    size_t nr = json_array_size(list);

    if (!json_is_array(list) || nr > MAX_LAYERS)
        return err_set(err, ERR_TOOL, "%s: no list of at most %d layers",
                       s->where, MAX_LAYERS);
    out->layers = xcalloc(nr, sizeof(*out->layers));
    for (size_t i = 0; i < nr; i++) {
        const char *name = json_string_value(json_array_get(list, i));

        out->layers[i].name = xstrdup(name ? name : "");
        out->layers[i].len_bytes = UINT64_MAX;
        out->nr_layers++;
    }
    return 0;
}

int docker_manifest_read(struct oci_store *s, const char *tag,
                         struct oci_image *out, struct err *err)
{
    const json_t *item;
    const char *name;
    json_t *list;
    int ret = -1;

    *out = (struct oci_image){0};
    list = json_file_read(s, "manifest.json", NULL, UINT64_MAX, err);
    if (!list)
        return -1;
    item = choose(s, list, tag, err);
    name = json_text(item, "Config");
    if (item && config_digest(s, name, out->id, err) == 0 &&
        read_layers(s, json_object_get(item, "Layers"), out, err) == 0) {
        out->config = json_file_read(s, name, out->id, UINT64_MAX, err);
        ret = out->config ? config_check(s, out, err) : -1;
    }
    json_decref(list);
    return ret;
}
