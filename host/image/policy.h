/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What of a Debian system goes into the image of one program, as tables: what
 * every image has, what is left out, and why.
 */
#ifndef EINKORN_HOST_IMAGE_POLICY_H
#define EINKORN_HOST_IMAGE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct policy_dir {
    const char *path;
    mode_t mode;
};

/* Directories that always exist. */
extern const struct policy_dir policy_dirs[];
extern const size_t policy_nr_dirs;

/* The few that a DIRECTORY gets too when it lacks them: mount points. */
extern const struct policy_dir policy_mount_points[];
extern const size_t policy_nr_mount_points;

/* Host files that every program may ask for, if the host has them. */
extern const char *const policy_base_files[];
extern const size_t policy_nr_base_files;

/* Such that only dynamic glibc programs ask for, with what is below. */
extern const char *const policy_glibc_trees[];
extern const size_t policy_nr_glibc_trees;

/* Why a dependency's files are left out; NULL: they are taken. */
const char *policy_skip_package(const char *name);

/* Is this path of a package nothing a running program reads? */
bool policy_skip_path(const char *path);

/* Is this package directory taken with all that the host has in it (settings
 * that an administrator changed or added)? */
bool policy_take_subtree(const char *path);

/* May a package with this name bring plug-ins that a program wants to load?
 * Not those for developers, whose libraries lie beside the program's. */
bool policy_may_bring_plugins(const char *name);

/* A file in a package's directory that is made at installation and stands in
 * no list, or NULL. */
const char *policy_register(const char *dir);

/* Are this directory's files watched through the directory alone? Only where
 * hundreds of files change by being replaced and never by being edited. */
bool policy_watch_whole(const char *dir);

#endif
