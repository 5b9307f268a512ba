/* SPDX-License-Identifier: BSD-2-Clause */
/* Image configuration and options together: see container.h. */
#include "host/instance/container.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/common/strings.h"
#include "host/common/xalloc.h"
#include "host/instance/account.h"

#define DEFAULT_PATH                                                           \
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* ---- command line -------------------------------------------------------- */

static int add_all(char **argv, int nr, const char *plan, const char *key)
{
    const char *value = NULL;

    while ((value = strings_next(plan, key, value)) != NULL) {
        argv[nr++] = xstrdup(value);
    }
    return nr;
}

static int count(const char *plan, const char *key)
{
    const char *value = NULL;
    int nr = 0;

    while ((value = strings_next(plan, key, value)) != NULL) {
        nr++;
    }
    return nr;
}

/* The image's Entrypoint and Cmd; COMMAND replaces Cmd, --entrypoint both. */
static int set_command(struct spec *spec, const char *plan, struct err *err)
{
    int room =
        count(plan, "entrypoint") + count(plan, "cmd") + spec->nr_command + 2;
    char **argv = xcalloc((size_t)room, sizeof(char *));
    int nr = 0;

    if (spec->entrypoint == NULL) {
        nr = add_all(argv, nr, plan, "entrypoint");
    } else if (spec->entrypoint[0] != '\0') {
        argv[nr++] = xstrdup(spec->entrypoint);
    }
    for (int i = 0; i < spec->nr_command; i++) {
        argv[nr++] = spec->command[i];
    }
    if (spec->nr_command == 0 && spec->entrypoint == NULL) {
        nr = add_all(argv, nr, plan, "cmd");
    }
    if (nr == 0) {
        return err_set(err, ERR_TOOL,
                       "%s: the image names no command (einkorn run %s "
                       "COMMAND [ARG...])",
                       spec->target, spec->target);
    }
    spec->command = argv;
    spec->nr_command = nr;
    return 0;
}

/* ---- environment --------------------------------------------------------- */

static const char *find_env(const struct spec *spec, const char *name,
                            size_t len)
{
    for (int i = 0; i < spec->nr_env; i++) {
        if (strncmp(spec->env[i], name, len) == 0 && spec->env[i][len] == '=') {
            return spec->env[i] + len + 1;
        }
    }
    return NULL;
}

/* The image's variables come first, those that were given replace them. */
static int merge_env(struct spec *spec, const char *plan, struct err *err)
{
    const char *given[MAX_ENV], *value = NULL;
    int nr_given = spec->nr_env, nr = 0;

    memcpy(given, spec->env, sizeof(given));
    while ((value = strings_next(plan, "env", value)) != NULL) {
        if (find_env(spec, value, strcspn(value, "=")) != NULL) {
            continue;
        }
        if (nr + nr_given == MAX_ENV) {
            return err_set(err, ERR_TOOL, "%s: more than %d variables",
                           spec->target, MAX_ENV);
        }
        memmove(spec->env + nr + 1, spec->env + nr,
                (size_t)(spec->nr_env - nr) * sizeof(spec->env[0]));
        spec->env[nr++] = xstrdup(value);
        spec->nr_env++;
    }
    return 0;
}

static int add_env(struct spec *spec, const char *name, const char *value,
                   struct err *err)
{
    if (find_env(spec, name, strlen(name)) != NULL) {
        return 0;
    }
    return spec_add_env(spec, xasprintf("%s=%s", name, value), err);
}

/* ---- the program --------------------------------------------------------- */

static bool is_program(const struct erofs_image *image, const char *path,
                       struct erofs_node *out)
{
    if (!erofs_walk(image, path, out)) {
        return false;
    }
    errno = EACCES;
    return S_ISREG(out->mode) && (out->mode & 0111) != 0;
}

/* execvp(3) as the program would see it. */
static bool find_program(const struct erofs_image *image,
                         const struct spec *spec, const char *name,
                         char exe[PATH_MAX], struct erofs_node *out)
{
    const char *dir = find_env(spec, "PATH", 4);

    if (strchr(name, '/') != NULL) {
        snprintf(exe, PATH_MAX, "%s%s%s", name[0] == '/' ? "" : spec->cwd,
                 name[0] == '/' ? "" : "/", name);
        return is_program(image, exe, out);
    }
    for (; *dir != '\0'; dir += dir[strcspn(dir, ":")] != '\0') {
        size_t len = strcspn(dir, ":");

        snprintf(exe, PATH_MAX, "%.*s/%s", (int)len, dir, name);
        if (len > 0 && is_program(image, exe, out)) {
            return true;
        }
        dir += len;
    }
    errno = ENOENT;
    return false;
}

static int set_program(struct spec *spec, struct image *image,
                       const struct erofs_image *files, struct err *err)
{
    const char *name = spec->command[0];
    struct erofs_node node;

    if (!find_program(files, spec, name, image->exe, &node)) {
        return err_set(err,
                       errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND
                                                           : ERR_CANNOT_RUN,
                       "run %s: %s: %m in the image", spec->target, name);
    }
    if (node.len_bytes < 4 || memcmp(node.data, "\177ELF", 4) != 0) {
        return err_set(err, ERR_CANNOT_RUN,
                       "run %s: %s is a script (name a program with "
                       "--entrypoint)",
                       spec->target, image->exe);
    }
    return 0;
}

/* ---- public -------------------------------------------------------------- */

static int apply(struct spec *spec, struct image *image,
                 const struct erofs_image *files, struct err *err)
{
    const char *plan = image->entry.plan;
    const char *cwd = strings_get(plan, "workdir");
    struct account account;

    if (spec->user == NULL) {
        spec->user = strings_get(plan, "user");
    }
    if (spec->cwd == NULL) {
        spec->cwd = cwd[0] != '\0' ? cwd : "/";
    }
    if (set_command(spec, plan, err) < 0 || merge_env(spec, plan, err) < 0 ||
        account_find(files, spec->user, &account, err) < 0 ||
        add_env(spec, "PATH", DEFAULT_PATH, err) < 0 ||
        add_env(spec, "HOME", account.home, err) < 0) {
        return -1;
    }
    spec->uid = account.uid;
    spec->gid = account.gid;
    memcpy(spec->groups, account.groups, sizeof(spec->groups));
    spec->nr_groups = account.nr_groups;
    return set_program(spec, image, files, err);
}

int container_apply(struct spec *spec, struct image *image, struct err *err)
{
    struct erofs_image files;
    int rc;

    if (image->entry.plan == NULL) {
        return err_set(err, ERR_TOOL, "%s: its cache entry says nothing",
                       spec->target);
    }
    if (erofs_open(&files, image->entry.image, err) < 0) {
        return -1;
    }
    rc = apply(spec, image, &files, err);
    erofs_close(&files);
    return rc;
}
