/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding instances by what a user calls them: see store_find(). */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/common/strings.h"
#include "host/common/xalloc.h"
#include "host/instance/find.h"
#include "host/instance/store.h"

struct search {
    const char *ref;
    char id[ID_LEN + 1]; /* the best so far ... */
    int match;           /* ... and how well it matches */
    int nr;              /* instances that match so well */
};

static bool begins(const char *text, const char *ref)
{
    return strncmp(text, ref, strlen(ref)) == 0;
}

/* Exact beats prefix. */
static int match(const struct inst *inst, const char *ref)
{
    const char *name = strings_get(inst->record, "name");

    if (strcmp(name, ref) == 0 || strcmp(inst->id, ref) == 0) {
        return 2;
    }
    return begins(inst->id, ref) || begins(name, ref);
}

static void consider(struct search *s, const struct store *store,
                     const char *id)
{
    struct inst inst = {0};
    int m;

    if (store_open_id(store, id, &inst) < 0) {
        return;
    }
    m = match(&inst, s->ref);
    inst_close(&inst);
    if (m > s->match) {
        s->match = m;
        s->nr = 0;
    }
    if (m != 0 && m == s->match && strcmp(s->id, id) != 0) {
        memcpy(s->id, id, sizeof(s->id));
        s->nr++;
    }
}

/* ---- what there is, read once for all references of a command ---- */

struct listing {
    char **ids, **names;
    size_t nr_ids, nr_names;
};

static char **read_dir(int dir_fd, size_t *nr, struct err *err)
{
    DIR *dir = store_list(dir_fd, err);
    struct dirent *entry;
    char **list = NULL;
    size_t cap = 0;

    if (dir == NULL) {
        return NULL;
    }
    list = xgrow(list, 0, &cap, sizeof(*list));
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.') {
            continue; /* not published, or no instance's */
        }
        list = xgrow(list, *nr, &cap, sizeof(*list));
        list[(*nr)++] = xstrdup(entry->d_name);
    }
    closedir(dir);
    return list;
}

static const struct listing *listing(struct store *store, struct err *err)
{
    struct listing *l = store->listing;

    if (l != NULL) {
        return l;
    }
    l = xcalloc(1, sizeof(*l));
    l->ids = read_dir(store->dir_fd, &l->nr_ids, err);
    if (l->ids != NULL) {
        l->names = read_dir(store->names_fd, &l->nr_names, err);
    }
    if (l->names == NULL) {
        return NULL; /* the tool ends */
    }
    return store->listing = l;
}

/* Those whose id, or the name that is made from it, begins so. Only they are
 * opened: there may be 10,000. */
static void search_ids(struct search *s, const struct store *store,
                       const struct listing *l)
{
    for (size_t i = 0; i < l->nr_ids; i++) {
        const char *id = l->ids[i];

        if (inst_is_id(id) &&
            (begins(id, s->ref) || inst_default_name_begins(id, s->ref))) {
            consider(s, store, id);
        }
    }
}

/* The id behind a name that was given, or "". */
static void read_name(const struct store *store, const char *name,
                      char id[ID_LEN + 1])
{
    ssize_t len = readlinkat(store->names_fd, name, id, ID_LEN + 1);

    id[len == ID_LEN ? ID_LEN : 0] = '\0';
}

static void search_names(struct search *s, const struct store *store,
                         const struct listing *l)
{
    char id[ID_LEN + 1];

    for (size_t i = 0; i < l->nr_names; i++) {
        if (!begins(l->names[i], s->ref)) {
            continue;
        }
        read_name(store, l->names[i], id);
        /* What its id found already counts once. */
        if (inst_is_id(id) && !begins(id, s->ref)) {
            consider(s, store, id);
        }
    }
}

static int search(struct search *s, struct store *store, struct err *err)
{
    char id[ID_LEN + 1] = "";
    const struct listing *l;

    if (inst_name_valid(s->ref)) {
        read_name(store, s->ref, id);
    }
    consider(s, store, id);
    if (s->match == 2) {
        return 0;
    }
    l = listing(store, err);
    if (l == NULL) {
        return -1;
    }
    search_ids(s, store, l);
    search_names(s, store, l);
    return 0;
}

int store_find(struct store *store, const char *ref, struct inst *inst,
               struct err *err)
{
    struct search s = {.ref = ref};

    if (inst_is_id(ref) && store_open_id(store, ref, inst) == 0) {
        return 0;
    }
    if (ref[0] == '\0') {
        return err_set(err, ERR_TOOL, "instance: empty name or id");
    }
    if (search(&s, store, err) < 0) {
        return -1;
    }
    if (s.nr > 1) {
        return err_set(err, ERR_TOOL,
                       "instance %s: %d instances begin so (give more of the "
                       "name or id)",
                       ref, s.nr);
    }
    if (s.nr == 0 || store_open_id(store, s.id, inst) < 0) {
        return err_set(err, ERR_TOOL,
                       "instance %s: not found (`einkorn ps -a` lists all)",
                       ref);
    }
    return 0;
}
