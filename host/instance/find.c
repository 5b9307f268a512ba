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

/* ---- all of them ---- */

struct list {
    struct inst *items;
    size_t nr, cap;
};

static bool is_id(const char *name)
{
    return strlen(name) == ID_LEN && strspn(name, "0123456789abcdef") == ID_LEN;
}

static int append(struct list *list, const struct inst *inst)
{
    if (list->nr == list->cap) {
        size_t cap = list->cap == 0 ? 16 : list->cap * 2;
        struct inst *items = realloc(list->items, cap * sizeof(*items));

        if (items == NULL) {
            return -1;
        }
        list->items = items;
        list->cap = cap;
    }
    list->items[list->nr++] = *inst;
    return 0;
}

static int newer_first(const void *a, const void *b)
{
    const struct inst *x = a, *y = b;
    const char *tx = strings_get(x->record, "created");
    const char *ty = strings_get(y->record, "created");

    return strcmp(ty, tx); /* same number of digits until 2286 */
}

static DIR *open_list(const struct store *store, struct err *err)
{
    int fd = openat(store->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (dir == NULL) {
        err_set(err, ERR_TOOL, "list instances: %m");
    }
    return dir;
}

static int read_all(const struct store *store, struct list *list,
                    struct err *err)
{
    DIR *dir = open_list(store, err);
    struct dirent *entry;
    struct inst inst = {0};

    if (dir == NULL) {
        return -1;
    }
    while ((entry = readdir(dir)) != NULL) {
        /* One that vanished meanwhile was removed: not an error. */
        if (is_id(entry->d_name) &&
            open_inst(store, entry->d_name, &inst) == 0 &&
            append(list, &inst) < 0) {
            inst_close(&inst);
            break;
        }
    }
    closedir(dir);
    if (list->nr > 1) {
        qsort(list->items, list->nr, sizeof(*list->items), newer_first);
    }
    return 0;
}

static void free_all(struct list *list)
{
    for (size_t i = 0; i < list->nr; i++) {
        if (list->items[i].fd >= 0) {
            inst_close(&list->items[i]);
        }
    }
    free(list->items);
}

int store_each(const struct store *store,
               int (*visit)(struct inst *inst, void *arg), void *arg,
               struct err *err)
{
    struct list list = {0};
    int rc = read_all(store, &list, err);

    for (size_t i = 0; rc == 0 && i < list.nr; i++) {
        rc = visit(&list.items[i], arg);
    }
    free_all(&list);
    return rc;
}

/* ---- by name ---- */

/* Exact beats prefix. */
static int match(const struct inst *inst, const char *ref)
{
    const char *name = strings_get(inst->record, "name");

    if (strcmp(name, ref) == 0 || strcmp(inst->id, ref) == 0) {
        return 2;
    }
    return strncmp(inst->id, ref, strlen(ref)) == 0 ||
           strncmp(name, ref, strlen(ref)) == 0;
}

static int pick(struct list *list, const char *ref, struct inst *inst,
                struct err *err)
{
    struct inst *best = NULL;
    int best_match = 0, nr = 0;

    for (size_t i = 0; i < list->nr; i++) {
        int m = match(&list->items[i], ref);

        if (m > best_match) {
            best = &list->items[i];
            best_match = m;
            nr = 1;
        } else if (m != 0 && m == best_match) {
            nr++;
        }
    }
    if (nr == 0) {
        return err_set(err, ERR_TOOL,
                       "instance %s: not found (`einkorn ps -a` lists all)",
                       ref);
    }
    if (nr > 1) {
        return err_set(err, ERR_TOOL,
                       "instance %s: %d instances begin so (give more of the "
                       "name or id)",
                       ref, nr);
    }
    *inst = *best;
    best->fd = -1;
    return 0;
}

int store_find(const struct store *store, const char *ref, struct inst *inst,
               struct err *err)
{
    struct list list = {0};
    int rc = -1;

    if (is_id(ref) && open_inst(store, ref, inst) == 0) {
        return 0;
    }
    if (ref[0] == '\0') {
        return err_set(err, ERR_TOOL, "instance: empty name or id");
    }
    if (read_all(store, &list, err) == 0) {
        rc = pick(&list, ref, inst, err);
    }
    free_all(&list);
    return rc;
}

void store_sweep(const struct store *store)
{
    struct err ignored = {0};
    DIR *dir = open_list(store, &ignored);
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
