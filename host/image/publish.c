/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Atomic publication in the image cache; see publish.h.
 */
#include "host/image/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/common/xalloc.h"
#include "host/image/text_file.h"

enum { STALE_S = 3600 };

static int make_dirs(char *path)
{
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        mkdir(path, 0755);
        *p = '/';
    }
    return mkdir(path, 0755) < 0 && errno != EEXIST ? -1 : 0;
}

static void remove_stale(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    struct stat st;

    while (d && (entry = readdir(d)))
        if (strncmp(entry->d_name, ".tmp-", 5) == 0 &&
            fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_mtim.tv_sec < time(NULL) - STALE_S)
            unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
}

int publish_prepare(const char *dir, struct err *err)
{
    char *path = xstrdup(dir);
    int ret = make_dirs(path);

    free(path);
    if (ret < 0)
        return err_set(err, ERR_TOOL, "make cache directory %s: %m", dir);
    remove_stale(dir);
    return 0;
}

int publish_temp(struct publish_temp *t, const char *dir, struct err *err)
{
    int n = snprintf(t->path, sizeof(t->path), "%s/.tmp-XXXXXX", dir);

    t->fd = n < (int)sizeof(t->path) ? mkostemp(t->path, O_CLOEXEC) : -1;
    if (t->fd < 0) {
        t->path[0] = '\0';
        return err_set(err, ERR_TOOL, "make a file in cache directory %s: %m",
                       dir);
    }
    fchmod(t->fd, 0644);
    return 0;
}

int publish_rename(struct publish_temp *t, const char *dir, const char *name,
                   struct err *err)
{
    char *path = xasprintf("%s/%s", dir, name);
    int ret = 0;

    if (fsync(t->fd) < 0 || rename(t->path, path) < 0)
        ret = err_set(err, ERR_TOOL, "write %s: %m", path);
    else
        t->path[0] = '\0';
    free(path);
    return ret;
}

void publish_discard(struct publish_temp *t)
{
    if (t->fd < 0)
        return;
    close(t->fd);
    t->fd = -1;
    if (t->path[0])
        unlink(t->path);
}

int publish_sync_dir(const char *dir, struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int ret = fd < 0 ? -1 : fsync(fd);

    if (ret < 0)
        err_set(err, ERR_TOOL, "synchronise %s: %m", dir);
    if (fd >= 0)
        close(fd);
    return ret;
}

static bool is_named(const char *dir, const char *digest)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    bool named = false;

    while (d && !named && (entry = readdir(d))) {
        const char *dot = strrchr(entry->d_name, '.');
        char *path, *text;

        if (!dot || strcmp(dot, ".inputs") != 0)
            continue;
        path = xasprintf("%s/%s", dir, entry->d_name);
        text = text_file_read(path);
        named = text && strstr(text, digest);
        free(text);
        free(path);
    }
    if (d)
        closedir(d);
    return named;
}

void publish_collect(const char *dir, const char *old_digest)
{
    static const char *const kinds[] = {"erofs", "sidecar"};

    if (is_named(dir, old_digest))
        return;
    for (int i = 0; i < 2; i++) {
        char *path = xasprintf("%s/%s.%s", dir, old_digest, kinds[i]);

        unlink(path);
        free(path);
    }
}
