/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Debian's package database, read-only: who owns a file, what a package needs
 * and which files it has. Reads dpkg's own text files (dpkg(1),
 * deb-control(5)); a host without them has simply no packages.
 */
#ifndef EINKORN_HOST_IMAGE_DPKG_H
#define EINKORN_HOST_IMAGE_DPKG_H

#include <stdbool.h>
#include <stddef.h>

struct dpkg_package {
    const char *name, *arch;
    const char *depends, *pre_depends; /* "" if there are none */
    const char *provides, *recommends;
    const char *source; /* "" if named as the package */
    struct dpkg_package *next_hash;
};

struct dpkg_provider {
    const char *name; /* what is provided */
    size_t name_len;
    struct dpkg_package *package;
};

struct dpkg_diversion {
    const char *from, *to, *by;
};

struct dpkg {
    char *status, *diverted;       /* texts that everything points into */
    struct dpkg_package *packages; /* installed ones */
    size_t nr, cap;
    struct dpkg_package *hash[1024];
    struct dpkg_provider *providers;
    size_t nr_providers, cap_providers;
    struct dpkg_diversion *diversions;
    size_t nr_diversions, cap_diversions;
};

/* False if there is no database. */
bool dpkg_open(struct dpkg *d);
void dpkg_close(struct dpkg *d);

/* The installed package that has this (link-free) path, or NULL. */
struct dpkg_package *dpkg_owner(const struct dpkg *d, const char *path);

/* An installed package by its name, or by a virtual name that it provides. */
struct dpkg_package *dpkg_find(const struct dpkg *d, const char *name);

/* Is `what` in the package's Provides? */
bool dpkg_provides(const struct dpkg_package *p, const char *what);

/* Built from one source package? */
bool dpkg_same_source(const struct dpkg_package *a,
                      const struct dpkg_package *b);

/* Does p name `on` in Depends? */
bool dpkg_depends_on(const struct dpkg_package *p,
                     const struct dpkg_package *on);

/* The installed package that p, named "X-minimal", was cut out of: X, which it
 * recommends (python3.11-minimal has no library). NULL: nothing of the kind. */
struct dpkg_package *dpkg_whole(const struct dpkg *d,
                                const struct dpkg_package *p);

/* Calls each(ctx, package) for the installed packages that p names in Depends
 * and Pre-Depends: of alternatives the first that is installed. */
void dpkg_each_dependency(const struct dpkg *d, const struct dpkg_package *p,
                          void (*each)(void *ctx, struct dpkg_package *),
                          void *ctx);

/* Calls each(ctx, path) for every file and directory of a package; a diverted
 * file is named where it really lies. */
void dpkg_each_file(const struct dpkg *d, const struct dpkg_package *p,
                    void (*each)(void *ctx, const char *path), void *ctx);

/* The file that lists a package's files, for a freshness check; the caller
 * frees it. */
char *dpkg_list_path(const struct dpkg_package *p);

#endif
