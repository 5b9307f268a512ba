/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding shared libraries; see ldso.h. The search order follows ld.so(8):
 * RPATH of the object and of those that loaded it (unless the object has a
 * RUNPATH), RUNPATH, ld.so.cache, the default directories.
 */
#include "host/image/ldso.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/common/xalloc.h"
#include "host/image/ldcache.h"

static const char glibc_dirs[] = "/lib/x86_64-linux-gnu:"
                                 "/usr/lib/x86_64-linux-gnu:/lib:/usr/lib";
static const char musl_dirs[] = "/lib:/usr/local/lib:/usr/lib";
static const char musl_path_file[] = "/etc/ld-musl-x86_64.path";

/* Names that are the musl loader itself. */
static const char *const musl_own[] = {
    "libc.so",  "libpthread.so", "librt.so",   "libm.so",
    "libdl.so", "libutil.so",    "libxnet.so", "libc.musl-x86_64.so.1",
};

struct search {
    struct ldso_closure *closure;
    struct ldcache cache;
    char *musl_path;
};

static void add_variant(struct ldso_closure *c, char *path)
{
    c->variants =
        xgrow(c->variants, c->nr_variants, &c->cap_variants, sizeof(char *));
    c->variants[c->nr_variants++] = path;
}

/* glibc prefers DIR/glibc-hwcaps/x86-64-vN/NAME on a processor that has it.
 * All go into the image: it may run elsewhere tomorrow. */
static void find_variants(struct ldso_closure *c, const char *dir,
                          const char *name)
{
    for (int level = 2; level <= 4; level++) {
        char *path =
            xasprintf("%s/glibc-hwcaps/x86-64-v%d/%s", dir, level, name);

        if (access(path, R_OK) == 0)
            add_variant(c, path);
        else
            free(path);
    }
}

static struct ldso_object *try_path(struct search *s, const char *path,
                                    const char *name)
{
    struct ldso_object *o = xcalloc(1, sizeof(*o));
    int reason;

    if (!elf_file_open(&o->elf, path, &reason)) {
        free(o);
        return NULL;
    }
    o->path = xstrdup(path);
    o->name = xstrdup(name);
    s->closure->objects = xgrow(s->closure->objects, s->closure->nr,
                                &s->closure->cap, sizeof(struct ldso_object *));
    s->closure->objects[s->closure->nr++] = o;
    return o;
}

/* The directory of an object, all links resolved: $ORIGIN. */
static void origin_of(const struct ldso_object *o, char out[PATH_MAX])
{
    char *slash;

    if (!realpath(o->path, out))
        snprintf(out, PATH_MAX, "/");
    slash = strrchr(out, '/');
    if (slash > out)
        *slash = '\0';
}

static const char *token_value(const char **p, const char *origin)
{
    static const struct {
        const char *name, *value;
    } tokens[] = {{"ORIGIN", NULL},
                  {"LIB", "lib/x86_64-linux-gnu"},
                  {"PLATFORM", "x86_64"}};

    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(tokens[i].name);
        const char *q = *p + 1;
        bool braced = *q == '{';

        q += braced;
        if (strncmp(q, tokens[i].name, len) != 0 || (braced && q[len] != '}'))
            continue;
        *p = q + len + braced;
        return tokens[i].value ? tokens[i].value : origin;
    }
    return NULL;
}

/* dir[0 .. len) with $ORIGIN, $LIB and $PLATFORM replaced. */
static void expand(const char *dir, size_t len, const char *origin,
                   char out[PATH_MAX])
{
    const char *end = dir + len;
    size_t n = 0;

    while (dir < end && n < PATH_MAX - 1) {
        const char *value = *dir == '$' ? token_value(&dir, origin) : NULL;

        if (value)
            n += (size_t)snprintf(out + n, PATH_MAX - n, "%s", value);
        else
            out[n++] = *dir++;
    }
    out[n < PATH_MAX ? n : PATH_MAX - 1] = '\0';
}

static struct ldso_object *in_dirs(struct search *s, const char *dirs,
                                   const struct ldso_object *owner,
                                   const char *name)
{
    char origin[PATH_MAX], dir[PATH_MAX];
    struct ldso_object *found = NULL;

    origin_of(owner, origin);
    while (dirs && !found && *dirs) {
        size_t len = strcspn(dirs, ":\n");
        char *path;

        if (len > 0) {
            expand(dirs, len, origin, dir);
            path = xasprintf("%s/%s", dir, name);
            found = try_path(s, path, name);
            free(path);
            if (found && !s->closure->is_musl)
                find_variants(s->closure, dir, name);
        }
        dirs += len + (dirs[len] != '\0');
    }
    return found;
}

static struct ldso_object *
in_rpaths(struct search *s, const struct ldso_object *by, const char *name)
{
    struct ldso_object *found = NULL;

    for (const struct ldso_object *o = by; o && !found; o = o->loader) {
        if (o->elf.rpath && !o->elf.runpath)
            found = in_dirs(s, o->elf.rpath, o, name);
        else if (o->elf.runpath && s->closure->is_musl)
            found = in_dirs(s, o->elf.runpath, o, name);
    }
    return found;
}

static struct ldso_object *in_cache(struct search *s, const char *name)
{
    struct ldso_object *found = NULL;
    uint32_t cursor = 0;
    const char *path;

    while ((path = ldcache_next(&s->cache, name, &cursor))) {
        if (strstr(path, "/glibc-hwcaps/"))
            add_variant(s->closure, xstrdup(path));
        else if (!found)
            found = try_path(s, path, name);
    }
    return found;
}

static struct ldso_object *
search_glibc(struct search *s, const struct ldso_object *by, const char *name)
{
    struct ldso_object *found = NULL;

    if (!by->elf.runpath)
        found = in_rpaths(s, by, name);
    if (!found)
        found = in_dirs(s, by->elf.runpath, by, name);
    if (!found && !by->elf.no_default_dirs)
        found = in_cache(s, name);
    if (!found && !by->elf.no_default_dirs)
        found = in_dirs(s, glibc_dirs, by, name);
    return found;
}

static struct ldso_object *
search_musl(struct search *s, const struct ldso_object *by, const char *name)
{
    struct ldso_object *found = in_rpaths(s, by, name);

    if (!found)
        found = in_dirs(s, s->musl_path ? s->musl_path : musl_dirs, by, name);
    return found;
}

static bool is_known(const struct search *s, const char *name)
{
    const struct ldso_closure *c = s->closure;

    for (size_t i = 0; i < sizeof(musl_own) / sizeof(musl_own[0]); i++)
        if (c->is_musl && strcmp(name, musl_own[i]) == 0)
            return true;
    for (size_t i = 1; i < c->nr; i++)
        if (strcmp(c->objects[i]->name, name) == 0)
            return true;
    return false;
}

static bool load(struct search *s, const struct ldso_object *by,
                 const char *name)
{
    struct ldso_object *found;

    if (is_known(s, name))
        return true;
    if (strchr(name, '/'))
        found = try_path(s, name, name);
    else if (s->closure->is_musl)
        found = search_musl(s, by, name);
    else
        found = search_glibc(s, by, name);
    if (!found) {
        s->closure->missing = xstrdup(name);
        s->closure->missing_for = xstrdup(by->path);
        return false;
    }
    found->loader = by;
    return true;
}

static bool load_all(struct search *s)
{
    struct ldso_closure *c = s->closure;
    const char *interp = c->objects[0]->elf.interp;

    if (interp && !load(s, c->objects[0], interp))
        return false;
    for (size_t i = 0; i < c->nr; i++) {
        const struct ldso_object *o = c->objects[i];

        for (size_t k = 0; k < o->elf.nr_needed; k++)
            if (!load(s, o, o->elf.needed[k]))
                return false;
    }
    return true;
}

static char *read_line_file(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = NULL;
    size_t cap = 0;

    if (!f)
        return NULL;
    if (getdelim(&text, &cap, '\0', f) < 0) {
        free(text);
        text = NULL;
    }
    fclose(f);
    return text;
}

bool ldso_closure(struct ldso_closure *c, const char *path)
{
    struct search s = {.closure = c};
    const char *interp;
    bool ok;

    *c = (struct ldso_closure){0};
    if (!try_path(&s, path, path))
        return false;
    interp = c->objects[0]->elf.interp;
    c->is_musl = interp && strstr(interp, "ld-musl");
    if (c->is_musl)
        s.musl_path = read_line_file(musl_path_file);
    else
        ldcache_open(&s.cache, "/etc/ld.so.cache");
    ok = load_all(&s);
    ldcache_close(&s.cache);
    free(s.musl_path);
    return ok;
}

void ldso_free(struct ldso_closure *c)
{
    for (size_t i = 0; i < c->nr; i++) {
        elf_file_close(&c->objects[i]->elf);
        free(c->objects[i]->path);
        free(c->objects[i]->name);
        free(c->objects[i]);
    }
    for (size_t i = 0; i < c->nr_variants; i++)
        free(c->variants[i]);
    free(c->objects);
    free(c->variants);
    free(c->missing);
    free(c->missing_for);
    *c = (struct ldso_closure){0};
}
