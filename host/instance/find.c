/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding and reading instance files: see store.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/common/strings.h"
#include "host/common/xalloc.h"
#include "host/instance/store.h"

void inst_close(struct inst *inst)
{
    free(inst->record);
    close(inst->fd);
    inst->record = NULL;
    inst->fd = -1;
}

void inst_refresh(struct inst *inst)
{
    struct inst_state state;

    if (pread(inst->fd, &state, sizeof(state), 0) == (ssize_t)sizeof(state) &&
        state.magic == INST_MAGIC) {
        inst->state = state;
        inst->state.error[sizeof(state.error) - 1] = '\0';
    }
    if ((inst->state.flags & STATE_FINISHED) == 0 && inst_monitor(inst) == 0) {
        inst->state.exit_code = 137;
    }
}

static int read_record(struct inst *inst)
{
    size_t len = inst->state.record_len;

    if (len == 0 || len > RECORD_MAX) {
        return -1;
    }
    inst->record = malloc(len);
    if (inst->record == NULL) {
        return -1;
    }
    if (pread(inst->fd, inst->record, len, sizeof(inst->state)) !=
            (ssize_t)len ||
        !strings_valid(inst->record, len)) {
        free(inst->record);
        inst->record = NULL;
        return -1;
    }
    return 0;
}

static int open_inst(const struct store *store, const char *id,
                     struct inst *inst)
{
    snprintf(inst->id, sizeof(inst->id), "%s", id);
    memset(&inst->state, 0, sizeof(inst->state));
    inst->fd = openat(store->dir_fd, id, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (inst->fd < 0) {
        return -1;
    }
    inst_refresh(inst);
    if (read_record(inst) < 0) {
        close(inst->fd);
        return -1;
    }
    return 0;
}

static bool is_id(const char *name)
{
    return strlen(name) == ID_LEN && strspn(name, "0123456789abcdef") == ID_LEN;
}

static DIR *open_list(int dir_fd, struct err *err)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (dir == NULL) {
        err_set(err, ERR_TOOL, "list instances: %m");
    }
    return dir;
}

/* ---- all of them ---- */

/* Of each only this is kept: there may be more instances than descriptors. */
struct item {
    char id[ID_LEN + 1];
    char created[24];
};

struct list {
    struct item *items;
    size_t nr, cap;
};

static void append(struct list *list, const struct inst *inst)
{
    struct item *item;

    list->items = xgrow(list->items, list->nr, &list->cap, sizeof(*item));
    item = &list->items[list->nr++];
    memcpy(item->id, inst->id, sizeof(item->id));
    snprintf(item->created, sizeof(item->created), "%s",
             strings_get(inst->record, "created"));
}

static int newer_first(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    return strcmp(y->created, x->created); /* equally long until 2286 */
}

static int read_all(const struct store *store, struct list *list,
                    struct err *err)
{
    DIR *dir = open_list(store->dir_fd, err);
    struct dirent *entry;
    struct inst inst = {0};

    if (dir == NULL) {
        return -1;
    }
    while ((entry = readdir(dir)) != NULL) {
        /* One that vanished meanwhile was removed: not an error. */
        if (is_id(entry->d_name) &&
            open_inst(store, entry->d_name, &inst) == 0) {
            append(list, &inst);
            inst_close(&inst);
        }
    }
    closedir(dir);
    if (list->nr > 1) {
        qsort(list->items, list->nr, sizeof(*list->items), newer_first);
    }
    return 0;
}

int store_each(const struct store *store,
               int (*visit)(struct inst *inst, void *arg), void *arg,
               struct err *err)
{
    struct list list = {0};
    struct inst inst = {0};
    int rc = read_all(store, &list, err);

    for (size_t i = 0; rc == 0 && i < list.nr; i++) {
        if (open_inst(store, list.items[i].id, &inst) == 0) {
            rc = visit(&inst, arg);
            inst_close(&inst);
        }
    }
    free(list.items);
    return rc;
}

/* ---- by name ---- */

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

    if (open_inst(store, id, &inst) < 0) {
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

/* Those whose id, or the name that is made from it, begins so. Only they are
 * opened: there may be 10,000. */
static int search_ids(struct search *s, const struct store *store,
                      struct err *err)
{
    DIR *dir = open_list(store->dir_fd, err);
    char name[NAME_MAX_LEN + 1];
    struct dirent *entry;

    if (dir == NULL) {
        return -1;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (!is_id(entry->d_name)) {
            continue;
        }
        inst_default_name(entry->d_name, name);
        if (begins(entry->d_name, s->ref) || begins(name, s->ref)) {
            consider(s, store, entry->d_name);
        }
    }
    closedir(dir);
    return 0;
}

/* The id behind a name that was given, or "". */
static void read_name(const struct store *store, const char *name,
                      char id[ID_LEN + 1])
{
    ssize_t len = readlinkat(store->names_fd, name, id, ID_LEN + 1);

    id[len == ID_LEN ? ID_LEN : 0] = '\0';
}

static int search_names(struct search *s, const struct store *store,
                        struct err *err)
{
    DIR *dir = open_list(store->names_fd, err);
    char id[ID_LEN + 1];
    struct dirent *entry;

    if (dir == NULL) {
        return -1;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (!begins(entry->d_name, s->ref)) {
            continue;
        }
        read_name(store, entry->d_name, id);
        /* What its id found already counts once. */
        if (is_id(id) && !begins(id, s->ref)) {
            consider(s, store, id);
        }
    }
    closedir(dir);
    return 0;
}

static int search(struct search *s, const struct store *store, struct err *err)
{
    char id[ID_LEN + 1] = "";

    if (inst_name_valid(s->ref)) {
        read_name(store, s->ref, id);
    }
    consider(s, store, id);
    if (s->match == 2) {
        return 0;
    }
    return search_ids(s, store, err) < 0 ? -1 : search_names(s, store, err);
}

int store_find(const struct store *store, const char *ref, struct inst *inst,
               struct err *err)
{
    struct search s = {.ref = ref};

    if (is_id(ref) && open_inst(store, ref, inst) == 0) {
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
    if (s.nr == 0 || open_inst(store, s.id, inst) < 0) {
        return err_set(err, ERR_TOOL,
                       "instance %s: not found (`einkorn ps -a` lists all)",
                       ref);
    }
    return 0;
}

void store_sweep(const struct store *store)
{
    struct err ignored = {0};
    DIR *dir = open_list(store->dir_fd, &ignored);
    struct dirent *entry;
    struct stat st;

    if (dir == NULL) {
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        struct inst tmp;
        struct timespec now;

        if (entry->d_name[0] != '.' || !is_id(entry->d_name + 1)) {
            continue;
        }
        tmp.fd = openat(store->dir_fd, entry->d_name, O_RDWR | O_CLOEXEC);
        clock_gettime(CLOCK_REALTIME, &now);
        /* Between open and lock it is nobody's: leave the young ones. */
        if (tmp.fd >= 0 && fstat(tmp.fd, &st) == 0 && inst_monitor(&tmp) == 0 &&
            st.st_mtime + 60 < now.tv_sec) {
            unlinkat(store->dir_fd, entry->d_name, 0);
        }
        if (tmp.fd >= 0) {
            close(tmp.fd);
        }
    }
    closedir(dir);
}
