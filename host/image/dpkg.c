/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parsing of dpkg's status and diversions files and the look-up of packages;
 * see dpkg.h. What packages own is in dpkg_files.c.
 */
#include "host/image/dpkg.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/common/xalloc.h"
#include "host/image/text_file.h"

static unsigned hash_of(const char *name, size_t len)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    return h % 1024;
}

static struct dpkg_package *find_name(const struct dpkg *d, const char *name,
                                      size_t len)
{
    struct dpkg_package *p = d->hash[hash_of(name, len)];

    while (p && (strncmp(p->name, name, len) != 0 || p->name[len] != '\0'))
        p = p->next_hash;
    return p;
}

static struct dpkg_package *find_any(const struct dpkg *d, const char *name,
                                     size_t len)
{
    struct dpkg_package *p = find_name(d, name, len);

    for (size_t i = 0; !p && i < d->nr_providers; i++)
        if (d->providers[i].name_len == len &&
            strncmp(d->providers[i].name, name, len) == 0)
            p = d->providers[i].package;
    return p;
}

struct dpkg_package *dpkg_find(const struct dpkg *d, const char *name)
{
    return find_any(d, name, strlen(name));
}

/* ---- lists of package names: "a (>= 1) | b:any, c" ---------------------- */

/* Takes one name off *list. Gives what ended it: ',', '|' or 0. */
static char next_name(const char **list, const char **name, size_t *len)
{
    const char *p = *list + strspn(*list, " ");

    *name = p;
    *len = strcspn(p, " :(,|");
    p += *len;
    while (*p && *p != ',' && *p != '|')
        p++;
    *list = *p ? p + 1 : p;
    return *p;
}

static bool in_list(const char *list, const char *what, size_t what_len)
{
    const char *name;
    size_t len;

    while (*list) {
        next_name(&list, &name, &len);
        if (len == what_len && strncmp(name, what, len) == 0)
            return true;
    }
    return false;
}

bool dpkg_provides(const struct dpkg_package *p, const char *what)
{
    return in_list(p->provides, what, strlen(what));
}

bool dpkg_depends_on(const struct dpkg_package *p,
                     const struct dpkg_package *on)
{
    return in_list(p->depends, on->name, strlen(on->name));
}

/* The field may have a version behind the name. */
static size_t source_of(const struct dpkg_package *p, const char **name)
{
    *name = *p->source ? p->source : p->name;
    return strcspn(*name, " ");
}

bool dpkg_same_source(const struct dpkg_package *a,
                      const struct dpkg_package *b)
{
    const char *name, *other;
    size_t len = source_of(a, &name);

    return source_of(b, &other) == len && strncmp(name, other, len) == 0;
}

struct dpkg_package *dpkg_whole(const struct dpkg *d,
                                const struct dpkg_package *p)
{
    static const char suffix[] = "-minimal";
    size_t len = strlen(p->name), cut = sizeof(suffix) - 1;

    if (len <= cut || strcmp(p->name + len - cut, suffix) != 0 ||
        !in_list(p->recommends, p->name, len - cut))
        return NULL;
    return find_name(d, p->name, len - cut);
}

static void each_in_list(const struct dpkg *d, const char *list,
                         void (*each)(void *ctx, struct dpkg_package *),
                         void *ctx)
{
    bool satisfied = false;

    while (*list) {
        const char *name;
        size_t len;
        char end = next_name(&list, &name, &len);
        struct dpkg_package *p = satisfied ? NULL : find_any(d, name, len);

        if (p) {
            each(ctx, p);
            satisfied = true;
        }
        if (end != '|')
            satisfied = false;
    }
}

void dpkg_each_dependency(const struct dpkg *d, const struct dpkg_package *p,
                          void (*each)(void *ctx, struct dpkg_package *),
                          void *ctx)
{
    each_in_list(d, p->pre_depends, each, ctx);
    each_in_list(d, p->depends, each, ctx);
}

/* ---- the status file ---------------------------------------------------- */

struct stanza {
    struct dpkg_package package;
    const char *status;
};

static void take_field(struct stanza *s, char *line)
{
    const struct {
        const char *name, **value;
    } fields[] = {
        {"Package: ", &s->package.name},
        {"Architecture: ", &s->package.arch},
        {"Status: ", &s->status},
        {"Depends: ", &s->package.depends},
        {"Pre-Depends: ", &s->package.pre_depends},
        {"Provides: ", &s->package.provides},
        {"Recommends: ", &s->package.recommends},
        {"Source: ", &s->package.source},
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        size_t len = strlen(fields[i].name);

        if (strncmp(line, fields[i].name, len) == 0)
            *fields[i].value = line + len;
    }
}

static void keep(struct dpkg *d, const struct stanza *s)
{
    bool native = strcmp(s->package.arch, "amd64") == 0 ||
                  strcmp(s->package.arch, "all") == 0;

    if (!*s->package.name || !native ||
        strncmp(s->status, "install ok ", 11) != 0 ||
        strcmp(s->status + 11, "config-files") == 0)
        return;
    d->packages =
        xgrow(d->packages, d->nr, &d->cap, sizeof(struct dpkg_package));
    d->packages[d->nr++] = s->package;
}

static const struct stanza empty = {{"", "", "", "", "", "", "", NULL}, ""};

static void parse_status(struct dpkg *d)
{
    struct stanza s = empty;
    char *next;

    for (char *line = d->status; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (*line == '\0') {
            keep(d, &s);
            s = empty;
        } else if (*line != ' ') {
            take_field(&s, line);
        }
    }
    keep(d, &s);
}

static void index_package(struct dpkg *d, struct dpkg_package *p)
{
    unsigned h = hash_of(p->name, strlen(p->name));
    const char *list = p->provides;

    p->next_hash = d->hash[h];
    d->hash[h] = p;
    while (*list) {
        struct dpkg_provider v = {.package = p};

        next_name(&list, &v.name, &v.name_len);
        d->providers =
            xgrow(d->providers, d->nr_providers, &d->cap_providers, sizeof(v));
        d->providers[d->nr_providers++] = v;
    }
}

/* Three lines each: where the file was, where it lies now, who wanted that. */
static void parse_diversions(struct dpkg *d)
{
    char *cursor = d->diverted;
    const char *line[3];
    int n = 0;

    while (cursor && *cursor) {
        char *end = strchr(cursor, '\n');

        line[n++] = cursor;
        if (!end)
            break;
        *end = '\0';
        cursor = end + 1;
        if (n < 3)
            continue;
        n = 0;
        d->diversions = xgrow(d->diversions, d->nr_diversions,
                              &d->cap_diversions, sizeof(*d->diversions));
        d->diversions[d->nr_diversions++] =
            (struct dpkg_diversion){line[0], line[1], line[2]};
    }
}

bool dpkg_open(struct dpkg *d)
{
    *d = (struct dpkg){0};
    d->status = text_file_read("/var/lib/dpkg/status");
    if (!d->status)
        return false;
    d->diverted = text_file_read("/var/lib/dpkg/diversions");
    parse_status(d);
    parse_diversions(d);
    for (size_t i = 0; i < d->nr; i++)
        index_package(d, &d->packages[i]);
    return true;
}

void dpkg_close(struct dpkg *d)
{
    free(d->status);
    free(d->diverted);
    free(d->packages);
    free(d->providers);
    free(d->diversions);
    *d = (struct dpkg){0};
}
