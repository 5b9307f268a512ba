/* SPDX-License-Identifier: BSD-2-Clause */
/* Named volumes: see named.h. */
#include "host/volume/named.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/common/strings.h"
#include "host/common/xalloc.h"
#include "host/instance/store.h"
#include "host/volume/populate.h"

int named_check(const char *name, struct err *err)
{
    if (inst_name_valid(name) && strlen(name) <= NAME_MAX - 8) {
        return 0;
    }
    return err_set(err, ERR_TOOL,
                   "volume %s: not a name (letters, digits, _ . -; for a "
                   "directory give a path with a slash)",
                   name);
}

/* volumes/NAME, and behind it `inside`. */
static int place(const struct dirs *dirs, const char *name, const char *inside,
                 char out[PATH_MAX])
{
    int n =
        snprintf(out, PATH_MAX, "%s/volumes/%s%s", dirs->data, name, inside);

    return n < PATH_MAX ? 0 : -1;
}

bool named_find(const struct dirs *dirs, const char *name, struct named *out)
{
    struct stat st;

    snprintf(out->name, sizeof(out->name), "%s", name);
    if (place(dirs, name, "/_data", out->path) < 0 ||
        stat(out->path, &st) < 0) {
        return false;
    }
    place(dirs, name, "", out->path);
    out->created_s = stat(out->path, &st) == 0 ? st.st_mtim.tv_sec : 0;
    place(dirs, name, "/_data", out->path);
    return true;
}

int named_create(const struct dirs *dirs, const char *name, struct named *out,
                 struct err *err)
{
    char folder[PATH_MAX];

    if (named_check(name, err) < 0) {
        return -1;
    }
    if (named_find(dirs, name, out)) {
        return 0;
    }
    if (place(dirs, name, "", folder) < 0 || dirs_make(folder, err) < 0) {
        return -1;
    }
    if (mkdir(out->path, 0755) < 0 && errno != EEXIST) {
        return err_set(err, ERR_TOOL, "volume %s: make %s: %m", name,
                       out->path);
    }
    named_find(dirs, name, out);
    return 0;
}

/* ---- use ---- */

static int lock_volume(const struct dirs *dirs, const char *name, int how)
{
    char folder[PATH_MAX];
    int fd = -1;

    if (place(dirs, name, "", folder) == 0) {
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd >= 0 && flock(fd, how | LOCK_NB) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int use(const struct dirs *dirs, struct volume *v,
               const struct image *image, struct err *err)
{
    struct named found;

    if (named_create(dirs, v->name, &found, err) < 0) {
        return -1;
    }
    v->lock_fd = lock_volume(dirs, v->name, LOCK_SH);
    if (v->lock_fd < 0 || !named_find(dirs, v->name, &found)) {
        return err_set(err, ERR_TOOL, "volume %s: is just being removed",
                       v->name);
    }
    v->host = xstrdup(found.path);
    return populate_if_empty(found.path, image->entry.image, v->guest, err);
}

int named_use(const struct dirs *dirs, struct spec *spec,
              const struct image *image, struct err *err)
{
    for (int i = 0; i < spec->nr_volumes; i++) {
        struct volume *v = &spec->volumes[i];

        if (v->name != NULL && use(dirs, v, image, err) < 0) {
            return -1;
        }
    }
    return 0;
}

void named_leave(const struct spec *spec)
{
    for (int i = 0; i < spec->nr_volumes; i++) {
        if (spec->volumes[i].name != NULL) {
            flock(spec->volumes[i].lock_fd, LOCK_UN);
        }
    }
}

/* ---- all of them ---- */

static int is_name(const struct dirent *entry)
{
    return inst_name_valid(entry->d_name);
}

int named_each(const struct dirs *dirs,
               int (*visit)(const struct named *v, void *arg), void *arg,
               struct err *err)
{
    struct dirent **entries;
    char folder[PATH_MAX];
    int nr, rc = 0;

    place(dirs, "", "", folder);
    nr = scandir(folder, &entries, is_name, alphasort);
    if (nr < 0) {
        return errno == ENOENT ? 0
                               : err_set(err, ERR_TOOL, "read %s: %m", folder);
    }
    for (int i = 0; i < nr; i++) {
        struct named v;

        if (rc == 0 && named_find(dirs, entries[i]->d_name, &v)) {
            rc = visit(&v, arg);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

/* ---- removal ---- */

static int has_path(struct inst *inst, void *arg)
{
    const struct named *v = arg;
    const char *value = NULL;
    size_t len = strlen(v->path);

    while ((value = strings_next(inst->record, "volume", value)) != NULL) {
        if (strncmp(value, v->path, len) == 0 && value[len] == ':') {
            return 1;
        }
    }
    return 0;
}

bool named_in_use(const struct dirs *dirs, const struct named *v)
{
    struct err ignored = {0};
    struct store store;
    int fd = lock_volume(dirs, v->name, LOCK_EX);

    if (fd < 0) {
        return true;
    }
    close(fd);
    return store_open(&store, dirs->run, &ignored) == 0 &&
           store_each(&store, has_path, (void *)v, &ignored) > 0;
}

int named_remove(const struct dirs *dirs, const char *name, struct err *err)
{
    char folder[PATH_MAX], doomed[PATH_MAX];
    struct named v;
    int fd, rc;

    if (named_check(name, err) < 0) {
        return -1;
    }
    if (!named_find(dirs, name, &v)) {
        return err_set(err, ERR_TOOL,
                       "volume %s: there is none (`einkorn volume ls` lists "
                       "them)",
                       name);
    }
    fd = named_in_use(dirs, &v) ? -1 : lock_volume(dirs, name, LOCK_EX);
    if (fd < 0) {
        return err_set(err, ERR_TOOL,
                       "volume %s: is in use (`einkorn rm` the instance "
                       "first)",
                       name);
    }
    place(dirs, name, "", folder);
    /* First out of sight: half a volume must not be used. */
    rc = snprintf(doomed, sizeof(doomed), "%s/volumes/.%s.gone", dirs->data,
                  name) < PATH_MAX
             ? rename(folder, doomed)
             : -1;
    if (rc == 0) {
        rc = populate_remove(doomed);
    }
    if (rc < 0) {
        err_set(err, ERR_TOOL, "volume %s: remove: %m", name);
    }
    close(fd);
    return rc;
}

const char *named_of_path(const char *path, char name[NAME_MAX + 1])
{
    const char *end = strstr(path, "/_data");
    const char *start = end;

    while (start != NULL && start > path && start[-1] != '/') {
        start--;
    }
    if (start == NULL || end[6] != '\0' || start - path < 9 ||
        strncmp(start - 9, "/volumes/", 9) != 0 || end - start > NAME_MAX) {
        return NULL;
    }
    snprintf(name, NAME_MAX + 1, "%.*s", (int)(end - start), start);
    return name;
}
