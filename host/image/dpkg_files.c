/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which files belong to which package: dpkg's *.list files, with the merged
 * /usr (a list may say /lib where the file lies in /usr/lib) and diversions
 * taken into account.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/common/xalloc.h"
#include "host/image/dpkg.h"
#include "host/image/text_file.h"

static const char info_dir[] = "/var/lib/dpkg/info";

char *dpkg_list_path(const struct dpkg_package *p)
{
    char *path = xasprintf("%s/%s:%s.list", info_dir, p->name, p->arch);

    if (access(path, F_OK) == 0)
        return path;
    free(path);
    return xasprintf("%s/%s.list", info_dir, p->name);
}

static bool has_line(const char *text, const char *line)
{
    size_t len = strlen(line);

    for (const char *p = text; (p = strstr(p, line)); p += len)
        if ((p == text || p[-1] == '\n') && (p[len] == '\n' || !p[len]))
            return true;
    return false;
}

/* "/usr/lib/x" is also known as "/lib/x"; NULL for other paths. */
static const char *short_alias(const char *path)
{
    static const char *const merged[] = {"/bin/",   "/sbin/",  "/lib/",
                                         "/lib64/", "/lib32/", "/libx32/"};

    if (strncmp(path, "/usr/", 5) != 0)
        return NULL;
    for (size_t i = 0; i < sizeof(merged) / sizeof(merged[0]); i++)
        if (strncmp(path + 4, merged[i], strlen(merged[i])) == 0)
            return path + 4;
    return NULL;
}

/* NAME[:ARCH].list: the installed package of that name, else NULL. */
static struct dpkg_package *package_of_list(const struct dpkg *d,
                                            const char *file)
{
    char name[256];
    size_t len = strcspn(file, ":");
    const char *dot = strrchr(file, '.');
    struct dpkg_package *p;

    if (!dot || strcmp(dot, ".list") != 0)
        return NULL;
    if (len > (size_t)(dot - file))
        len = (size_t)(dot - file);
    if (len >= sizeof(name))
        return NULL;
    memcpy(name, file, len);
    name[len] = '\0';
    p = dpkg_find(d, name);
    if (!p || strcmp(p->name, name) != 0)
        return NULL;
    if (file[len] == ':' && strncmp(file + len + 1, "amd64.", 6) != 0)
        return NULL;
    return p;
}

/* A diverted file is listed under its old name, and not by the diverter. */
static const char *listed_name(const struct dpkg *d, const char *path,
                               const char **not_by)
{
    const char *alias = short_alias(path);

    for (size_t i = 0; i < d->nr_diversions; i++) {
        const char *to = d->diversions[i].to;

        if (strcmp(to, path) == 0 || (alias && strcmp(to, alias) == 0)) {
            *not_by = d->diversions[i].by;
            return d->diversions[i].from;
        }
    }
    return path;
}

struct dpkg_package *dpkg_owner(const struct dpkg *d, const char *path)
{
    const char *not_by = NULL;
    const char *name = listed_name(d, path, &not_by);
    const char *alias = short_alias(name);
    struct dpkg_package *owner = NULL;
    DIR *dir = opendir(info_dir);
    struct dirent *entry;

    while (dir && !owner && (entry = readdir(dir))) {
        struct dpkg_package *p = package_of_list(d, entry->d_name);
        char *list_path, *text;

        if (!p || (not_by && strcmp(p->name, not_by) == 0))
            continue;
        list_path = xasprintf("%s/%s", info_dir, entry->d_name);
        text = text_file_read(list_path);
        if (text && (has_line(text, name) || (alias && has_line(text, alias))))
            owner = p;
        free(text);
        free(list_path);
    }
    if (dir)
        closedir(dir);
    return owner;
}

static const char *real_place(const struct dpkg *d,
                              const struct dpkg_package *p, const char *path)
{
    for (size_t i = 0; i < d->nr_diversions; i++)
        if (strcmp(d->diversions[i].from, path) == 0 &&
            strcmp(d->diversions[i].by, p->name) != 0)
            return d->diversions[i].to;
    return path;
}

void dpkg_each_file(const struct dpkg *d, const struct dpkg_package *p,
                    void (*each)(void *ctx, const char *path), void *ctx)
{
    char *list_path = dpkg_list_path(p);
    char *text = text_file_read(list_path);

    for (char *line = text, *end; line && *line; line = end) {
        end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        if (strcmp(line, "/.") != 0)
            each(ctx, real_place(d, p, line));
    }
    free(text);
    free(list_path);
}
