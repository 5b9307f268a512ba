/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The root file system of a single program; see closure.h. Which files and
 * packages are left out stands in policy.c.
 */
#include "host/image/closure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/common/xalloc.h"
#include "host/image/dpkg.h"
#include "host/image/elf_file.h"
#include "host/image/hint.h"
#include "host/image/ldso.h"
#include "host/image/plugins.h"
#include "host/image/policy.h"

struct work {
    struct closure *closure;
    struct scan *scan;
    struct dpkg dpkg;
    struct dpkg_package **list; /* the packages taken */
    size_t nr, cap;
    char **settings; /* directories of settings taken whole */
    size_t nr_settings, cap_settings;
    char *seen; /* the folder that the last link led to */
    bool plugins_taken;
};

/* ---- is it a program at all? -------------------------------------------- */

static int refuse_script(const char *path, const struct elf_file *f,
                         struct err *err)
{
    const char *line = (const char *)f->bytes + 2;
    size_t len = f->len_bytes - 2 < 200 ? f->len_bytes - 2 : 200;
    size_t skip = 0, end;

    while (skip < len && (line[skip] == ' ' || line[skip] == '\t'))
        skip++;
    end = skip;
    while (end < len && line[end] > ' ')
        end++;
    return err_set(err, ERR_CANNOT_RUN,
                   "run %s: it is a script; run its interpreter %.*s instead "
                   "(the image holds no shell to start it with)",
                   path, (int)(end - skip), line + skip);
}

static int check_program(const char *path, struct elf_file *f, struct err *err)
{
    int reason;

    if (!elf_file_open(f, path, &reason)) {
        if (reason < 0)
            return err_set(err, ERR_CANNOT_RUN, "read %s: %m", path);
        if (reason == ELF_SCRIPT && elf_file_map(f, path)) {
            refuse_script(path, f, err);
            elf_file_close(f);
            return -1;
        }
        return err_set(err, ERR_CANNOT_RUN,
                       "run %s: it %s (a 64-bit x86-64 ELF program is needed)",
                       path, elf_reason_text((enum elf_reason)reason));
    }
    if (access(path, X_OK) < 0) {
        elf_file_close(f);
        return err_set(err, ERR_CANNOT_RUN,
                       "run %s: %m (chmod +x makes it executable)", path);
    }
    return 0;
}

/* ---- packages ------------------------------------------------------------ */

static void take_package(void *ctx, struct dpkg_package *p)
{
    struct work *w = ctx;
    struct closure *c = w->closure;

    if (w->nr > 0 && policy_skip_package(p->name))
        return;
    for (size_t i = 0; i < w->nr; i++)
        if (w->list[i] == p)
            return;
    w->list = xgrow(w->list, w->nr, &w->cap, sizeof(struct dpkg_package *));
    w->list[w->nr++] = p;
    c->packages =
        xgrow(c->packages, c->nr_packages, &c->cap_packages, sizeof(char *));
    c->packages[c->nr_packages++] = xstrdup(p->name);
}

/* Python's compiled modules are made at installation and stand in no list. */
static void take_bytecode(struct work *w, const char *dir)
{
    char *path;

    if (!strstr(dir, "/python3"))
        return;
    path = xasprintf("%s/__pycache__", dir);
    if (access(path, F_OK) == 0)
        scan_subtree(w->scan, path);
    free(path);
}

/* So are registers of plug-ins. */
static void take_register(struct work *w, const char *dir)
{
    const char *file = policy_register(dir);
    char *path = file ? xasprintf("%s/%s", dir, file) : NULL;

    if (path)
        scan_path(w->scan, path);
    free(path);
}

static void take_file(void *ctx, const char *path)
{
    struct work *w = ctx;

    if (policy_skip_path(path))
        return;
    if (scan_path(w->scan, path) != SCAN_DIR)
        return;
    if (policy_take_subtree(path)) {
        scan_subtree(w->scan, path);
        w->settings = xgrow(w->settings, w->nr_settings, &w->cap_settings,
                            sizeof(char *));
        w->settings[w->nr_settings++] = xstrdup(path);
    } else {
        take_bytecode(w, path);
        take_register(w, path);
    }
}

static void take_package_files(struct work *w, const struct dpkg_package *p)
{
    char *list = dpkg_list_path(p);
    struct stat st;

    if (lstat(list, &st) == 0)
        inputs_add(w->scan->inputs, list, &st);
    free(list);
    dpkg_each_file(&w->dpkg, p, take_file, w);
    /* The document root is made by web servers' maintainer scripts. */
    if (dpkg_provides(p, "httpd"))
        scan_subtree(w->scan, "/var/www");
}

/* Both who owns the name (redis-server) and who owns the program behind it
 * (redis-tools). */
static void take_owners(struct work *w, const char *source, const char *exe)
{
    struct dpkg_package *owner = dpkg_owner(&w->dpkg, source);

    if (owner)
        take_package(w, owner);
    owner = strcmp(source, exe) ? dpkg_owner(&w->dpkg, exe) : NULL;
    if (owner)
        take_package(w, owner);
}

/* A link among the settings enables what another package brings (nginx's
 * modules, lighttpd's): that package belongs to the program too. Links to one
 * folder one after another are taken to be of one package. */
static void take_enabled(struct work *w, const struct tree_node *node)
{
    const char *target = node->inode->target;
    struct dpkg_package *owner;

    for (size_t i = 0; i < node->nr_children; i++)
        take_enabled(w, node->children[i]);
    if (!S_ISLNK(node->inode->mode) || target[0] != '/')
        return;
    if (w->seen && strncmp(w->seen, target, strlen(w->seen)) == 0)
        return;
    free(w->seen);
    w->seen = xstrdup(target);
    *(strrchr(w->seen, '/') + 1) = '\0';
    owner = dpkg_owner(&w->dpkg, target);
    if (owner)
        take_package(w, owner);
}

static void take_settings(struct work *w)
{
    for (; w->nr_settings > 0; free(w->settings[w->nr_settings])) {
        const struct tree_node *node =
            tree_find(w->scan->tree, w->settings[--w->nr_settings]);

        if (node)
            take_enabled(w, node);
    }
}

/* Once: what brings plug-ins has none of its own. */
static void take_plugins(struct work *w)
{
    struct dpkg_package **taken;

    if (w->plugins_taken || w->nr == 0)
        return;
    w->plugins_taken = true;
    taken = xcalloc(w->nr, sizeof(*taken)); /* the list itself may move */
    memcpy(taken, w->list, w->nr * sizeof(*taken));
    plugins_each(&w->dpkg, taken, w->nr, take_package, w);
    free(taken);
}

static void take_packages(struct work *w, const char *source, const char *exe)
{
    if (!dpkg_open(&w->dpkg))
        return;
    take_owners(w, source, exe);
    for (size_t taken = 0; taken < w->nr; take_settings(w), take_plugins(w)) {
        for (size_t i = taken; i < w->nr; i++) {
            struct dpkg_package *whole = dpkg_whole(&w->dpkg, w->list[i]);

            if (whole)
                take_package(w, whole);
            dpkg_each_dependency(&w->dpkg, w->list[i], take_package, w);
        }
        for (; taken < w->nr; taken++)
            take_package_files(w, w->list[taken]);
    }
    free(w->settings);
    free(w->seen);
    free(w->list);
    dpkg_close(&w->dpkg);
}

/* ---- libraries ------------------------------------------------------------
 */

static int take_libraries(struct work *w, const char *elf_path, struct err *err)
{
    struct ldso_closure libs;
    int ret = 0;

    if (ldso_closure(&libs, elf_path)) {
        for (size_t i = 1; i < libs.nr; i++)
            scan_path(w->scan, libs.objects[i]->path);
        for (size_t i = 0; i < libs.nr_variants; i++)
            scan_path(w->scan, libs.variants[i]);
        w->closure->nr_libraries = libs.nr - 1;
        for (size_t i = 0;
             libs.nr > 1 && !libs.is_musl && i < policy_nr_glibc_trees; i++)
            scan_subtree(w->scan, policy_glibc_trees[i]);
        if (libs.is_musl)
            scan_path(w->scan, "/etc/ld-musl-x86_64.path");
    } else if (libs.missing) {
        char hint[256];

        hint_library(libs.missing, hint, sizeof(hint));
        ret = err_set(err, ERR_TOOL,
                      "run %s: the library %s, needed by %s, is missing (%s)",
                      elf_path, libs.missing, libs.missing_for, hint);
    } else {
        ret = err_set(err, ERR_TOOL, "read %s: %m", elf_path);
    }
    ldso_free(&libs);
    return ret;
}

static void take_base(struct scan *s)
{
    for (size_t i = 0; i < policy_nr_base_files; i++)
        scan_path(s, policy_base_files[i]);
    for (size_t i = 0; i < policy_nr_dirs; i++)
        tree_mkdir(s->tree, policy_dirs[i].path, policy_dirs[i].mode);
}

int closure_of_elf(struct closure *c, struct scan *s, const char *source,
                   const char *exe, struct err *err)
{
    struct work w = {.closure = c, .scan = s};
    struct elf_file elf;

    *c = (struct closure){0};
    if (check_program(exe, &elf, err) < 0)
        return -1;
    c->wants_jit = elf.wants_jit;
    elf_file_close(&elf);
    scan_path(s, source);
    scan_path(s, exe);
    if (take_libraries(&w, exe, err) < 0)
        return -1;
    take_packages(&w, source, exe);
    take_base(s);
    return 0;
}

void closure_free(struct closure *c)
{
    for (size_t i = 0; i < c->nr_packages; i++)
        free(c->packages[i]);
    free(c->packages);
    *c = (struct closure){0};
}
