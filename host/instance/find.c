/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading instance files: see store.h. By name they are found in search.c. */
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
#include "host/instance/find.h"
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

int store_open_id(const struct store *store, const char *id, struct inst *inst)
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

bool inst_is_id(const char *text)
{
    return strlen(text) == ID_LEN && strspn(text, "0123456789abcdef") == ID_LEN;
}

DIR *store_list(int dir_fd, struct err *err)
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
    DIR *dir = store_list(store->dir_fd, err);
    struct dirent *entry;
    struct inst inst = {0};

    if (dir == NULL) {
        return -1;
    }
    while ((entry = readdir(dir)) != NULL) {
        /* One that vanished meanwhile was removed: not an error. */
        if (inst_is_id(entry->d_name) &&
            store_open_id(store, entry->d_name, &inst) == 0) {
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
        if (store_open_id(store, list.items[i].id, &inst) == 0) {
            rc = visit(&inst, arg);
            inst_close(&inst);
        }
    }
    free(list.items);
    return rc;
}

void store_sweep(const struct store *store)
{
    struct err ignored = {0};
    DIR *dir = store_list(store->dir_fd, &ignored);
    struct dirent *entry;
    struct stat st;

    if (dir == NULL) {
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        struct inst tmp;
        struct timespec now;

        if (entry->d_name[0] != '.' || !inst_is_id(entry->d_name + 1)) {
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
