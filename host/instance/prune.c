/* SPDX-License-Identifier: BSD-2-Clause */
/* Listing and pruning the image cache: see prune.h and docs/image-cache.md. */
#include "host/instance/prune.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/common/xalloc.h"

enum {
    /* A builder names its files only when all are there. */
    YOUNG_S = 3600,
    LINE_MAX_LEN = PATH_MAX + 32,
};

static bool has_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name), suffix_len = strlen(suffix);

    return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

/* ---- reading entries ---- */

static bool take_line(FILE *in, const char *key, char *out, size_t cap)
{
    char line[LINE_MAX_LEN];
    size_t len = strlen(key);

    if (fgets(line, sizeof(line), in) == NULL || strncmp(line, key, len) != 0 ||
        line[len] != ' ') {
        return false;
    }
    line[strcspn(line, "\n")] = '\0';
    return snprintf(out, cap, "%s", line + len + 1) < (int)cap;
}

static const enum image_kind kinds[] = {
    IMAGE_KIND_ELF,      IMAGE_KIND_DIRECTORY, IMAGE_KIND_NAME,
    IMAGE_KIND_MANIFEST, IMAGE_KIND_RECORD,
};

static bool is_fresh(const char *cache_dir, const struct cached *c)
{
    struct image_entry entry;
    bool fresh = false;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(image_kind_name(kinds[i]), c->kind) == 0) {
            fresh =
                image_cache_load(cache_dir, kinds[i], c->source, &entry) > 0;
            image_entry_free(&entry);
        }
    }
    return fresh;
}

/* A file of another format, or half of one, is an entry without a source. */
static void read_entry(const char *cache_dir, const char *name,
                       struct cached *c)
{
    char path[PATH_MAX], image[96];
    struct stat st;
    FILE *in;

    *c = (struct cached){0};
    snprintf(c->inputs, sizeof(c->inputs), "%s", name);
    snprintf(path, sizeof(path), "%s/%s", cache_dir, name);
    in = fopen(path, "re");
    if (in == NULL) {
        return;
    }
    if (fscanf(in, "einkorn-inputs %*d") >= 0 && fgetc(in) == '\n' &&
        take_line(in, "source", c->source, sizeof(c->source)) &&
        take_line(in, "kind", c->kind, sizeof(c->kind)) &&
        take_line(in, "image", image, sizeof(image))) {
        snprintf(c->digest, sizeof(c->digest), "%.64s", image);
    }
    c->made_s = fstat(fileno(in), &st) == 0 ? st.st_mtim.tv_sec : 0;
    fclose(in);
    snprintf(path, sizeof(path), "%s/%s.erofs", cache_dir, c->digest);
    c->len_bytes = stat(path, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
    c->is_fresh = is_fresh(cache_dir, c);
}

int cached_each(const char *cache_dir,
                int (*visit)(const struct cached *c, void *arg), void *arg,
                struct err *err)
{
    DIR *dir = opendir(cache_dir);
    const struct dirent *e;
    int rc = 0;

    if (dir == NULL) {
        return errno == ENOENT
                   ? 0
                   : err_set(err, ERR_TOOL, "read %s: %m", cache_dir);
    }
    while (rc == 0 && (e = readdir(dir)) != NULL) {
        struct cached c;

        if (has_suffix(e->d_name, ".inputs") &&
            strlen(e->d_name) < sizeof(c.inputs)) {
            read_entry(cache_dir, e->d_name, &c);
            rc = visit(&c, arg);
        }
    }
    closedir(dir);
    return rc;
}

/* ---- pruning ---- */

struct prune {
    const char *cache_dir;
    bool all;
    void (*tell)(const char *source);
    uint64_t freed_bytes;
    struct cached *entries;
    size_t nr, cap;
};

static int collect(const struct cached *c, void *arg)
{
    struct prune *p = arg;

    p->entries = xgrow(p->entries, p->nr, &p->cap, sizeof(*p->entries));
    p->entries[p->nr++] = *c;
    return 0;
}

static bool is_kind(const struct cached *c, enum image_kind kind)
{
    return strcmp(c->kind, image_kind_name(kind)) == 0;
}

/* The image that a recording began with. */
static bool record_base(const struct prune *p, const struct cached *c,
                        char digest[65])
{
    struct image_entry entry;
    bool found = image_cache_load(p->cache_dir, IMAGE_KIND_RECORD, c->source,
                                  &entry) > 0;

    /* The plan begins with the request: '?' before each string. */
    for (const char *s = found ? entry.plan : NULL; s != NULL && *s != '\0';
         s += strlen(s) + 1) {
        if (strncmp(s, "?base=", 6) == 0) {
            snprintf(digest, 65, "%.64s", s + 6);
        }
    }
    image_entry_free(&entry);
    return found;
}

static bool has_name(const struct prune *p, const char *digest)
{
    for (size_t i = 0; i < p->nr; i++) {
        const struct cached *c = &p->entries[i];

        if (c->is_fresh && !is_kind(c, IMAGE_KIND_MANIFEST) &&
            !is_kind(c, IMAGE_KIND_RECORD) && strcmp(c->digest, digest) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_of_use(const struct prune *p, const struct cached *c)
{
    char base[65] = "";

    if (p->all || !c->is_fresh) {
        return false;
    }
    if (is_kind(c, IMAGE_KIND_MANIFEST)) {
        return has_name(p, c->digest);
    }
    if (is_kind(c, IMAGE_KIND_RECORD)) {
        return record_base(p, c, base) && has_name(p, base);
    }
    return true;
}

static void remove_file(struct prune *p, const char *name)
{
    char path[PATH_MAX];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", p->cache_dir, name);
    if (stat(path, &st) == 0 && unlink(path) == 0) {
        p->freed_bytes += (uint64_t)st.st_blocks * 512;
    }
}

static void remove_entries(struct prune *p)
{
    for (size_t i = 0; i < p->nr; i++) {
        struct cached *c = &p->entries[i];

        c->is_fresh = is_of_use(p, c);
    }
    for (size_t i = 0; i < p->nr; i++) {
        if (!p->entries[i].is_fresh) {
            p->tell(p->entries[i].source[0] != '\0' ? p->entries[i].source
                                                    : p->entries[i].inputs);
            remove_file(p, p->entries[i].inputs);
        }
    }
}

/* Is the file an image or sidecar that an entry had, and none has now? */
static bool is_left_over(const struct prune *p, const char *name,
                         const struct stat *st)
{
    bool had = false;

    if (!has_suffix(name, ".erofs") && !has_suffix(name, ".sidecar")) {
        return false;
    }
    for (size_t i = 0; i < p->nr; i++) {
        const struct cached *c = &p->entries[i];

        if (c->digest[0] != '\0' && strncmp(name, c->digest, 64) == 0) {
            if (c->is_fresh) {
                return false;
            }
            had = true;
        }
    }
    return had || time(NULL) - st->st_ctim.tv_sec > YOUNG_S;
}

static void remove_left_over(struct prune *p)
{
    DIR *dir = opendir(p->cache_dir);
    const struct dirent *e;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        struct stat st;

        if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            is_left_over(p, e->d_name, &st)) {
            remove_file(p, e->d_name);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

int cache_prune(const char *cache_dir, bool all,
                void (*tell)(const char *source), uint64_t *freed_bytes,
                struct err *err)
{
    struct prune p = {.cache_dir = cache_dir, .all = all, .tell = tell};
    int rc = cached_each(cache_dir, collect, &p, err);

    if (rc == 0) {
        remove_entries(&p);
        remove_left_over(&p);
    }
    free(p.entries);
    *freed_bytes = p.freed_bytes;
    return rc;
}
