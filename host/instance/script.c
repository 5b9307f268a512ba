/* SPDX-License-Identifier: BSD-2-Clause */
/* What an entrypoint script comes to: see script.h. */
#include "host/instance/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/common/strings.h"
#include "host/common/xalloc.h"
#include "host/instance/builder.h"

enum { REQUEST_MAX = 2 << 20 };

/* The name of a machine that no instance has: what a script does with it
 * would be wrong for all but one. */
#define NO_HOSTNAME "HOSTNAME=einkorn-import"

/* ---- asking -------------------------------------------------------------- */

static void add_base(struct strings *out, const struct image *image)
{
    const char *name = strrchr(image->entry.image, '/');

    strings_addf(out, "base", "%.64s", name != NULL ? name + 1 : "");
}

static size_t make_request(struct strings *out, const struct spec *spec,
                           const struct image *image, const char *exe)
{
    bool has_hostname = false;

    strings_add(out, "source", spec->target);
    add_base(out, image);
    strings_add(out, "exe", exe);
    for (int i = 0; i < spec->nr_command; i++) {
        strings_add(out, "arg", spec->command[i]);
    }
    for (int i = 0; i < spec->nr_env; i++) {
        strings_add(out, "env", spec->env[i]);
        has_hostname |= strncmp(spec->env[i], "HOSTNAME=", 9) == 0;
    }
    if (!has_hostname) {
        strings_add(out, "env", NO_HOSTNAME);
    }
    strings_add(out, "cwd", spec->cwd);
    strings_addf(out, "uid", "%u", spec->uid);
    strings_addf(out, "gid", "%u", spec->gid);
    for (int i = 0; i < spec->nr_groups; i++) {
        strings_addf(out, "group", "%u", spec->groups[i]);
    }
    return strings_end(out);
}

static int record(const struct dirs *dirs, const char *cache,
                  const char *request, size_t len, struct err *err)
{
    const char *words[] = {"record", "-o", cache, NULL};
    int fd = memfd_create("request", MFD_CLOEXEC);
    int rc = -1;

    if (fd < 0 || write(fd, request, len) != (ssize_t)len ||
        lseek(fd, 0, SEEK_SET) < 0) {
        err_set(err, ERR_TOOL, "pass on a request: %m");
    } else {
        rc = builder_run(dirs, words, fd, err);
    }
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

static bool find(const char *cache, const char *request,
                 struct image_entry *out)
{
    char source[PATH_MAX];

    image_cache_record_source(request, source);
    return image_cache_load(cache, IMAGE_KIND_RECORD, source, out) > 0 &&
           image_cache_answers(out, request);
}

static int find_or_record(const struct dirs *dirs, const char *request,
                          size_t len, struct image_entry *out, struct err *err)
{
    char cache[DIR_MAX + 16];

    if (builder_cache(dirs, cache, err) < 0) {
        return -1;
    }
    if (find(cache, request, out)) {
        return 0;
    }
    if (record(dirs, cache, request, len, err) < 0) {
        return -1;
    }
    return find(cache, request, out)
               ? 0
               : err_set(err, ERR_TOOL,
                         "record of the entrypoint: stale at "
                         "once");
}

/* ---- taking over --------------------------------------------------------- */

static int take_env(struct spec *spec, const char *plan, struct err *err)
{
    const char *value = NULL;

    spec->nr_env = 0;
    while ((value = strings_next(plan, "env", value)) != NULL) {
        if (strcmp(value, NO_HOSTNAME) != 0 && strchr(value, '=') != NULL &&
            spec_add_env(spec, value, err) < 0) {
            return -1;
        }
    }
    return 0;
}

static void take_command(struct spec *spec, const char *plan)
{
    const char *value = NULL;
    size_t nr = 0, cap = 0;
    char **argv = NULL;

    while ((value = strings_next(plan, "arg", value)) != NULL) {
        argv = xgrow(argv, nr, &cap, sizeof(char *));
        argv[nr++] = xstrdup(value);
    }
    spec->command = argv;
    spec->nr_command = (int)nr;
}

static uint32_t number(const char *text)
{
    return (uint32_t)strtoul(text, NULL, 10);
}

static int take_over(struct spec *spec, const char *plan, struct err *err)
{
    const char *group = NULL;

    take_command(spec, plan);
    spec->cwd = strings_get(plan, "cwd");
    spec->uid = number(strings_get(plan, "uid"));
    spec->gid = number(strings_get(plan, "gid"));
    spec->nr_groups = 0;
    while (spec->nr_groups < MAX_GROUPS &&
           (group = strings_next(plan, "group", group)) != NULL) {
        spec->groups[spec->nr_groups++] = number(group);
    }
    if (spec->nr_command == 0) {
        return err_set(err, ERR_TOOL, "record of the entrypoint: is empty");
    }
    return take_env(spec, plan, err);
}

int script_replace(struct spec *spec, struct image *image,
                   const struct dirs *dirs, const char *exe, struct err *err)
{
    char *block = xmalloc(REQUEST_MAX);
    struct image_entry *found = xcalloc(1, sizeof(*found));
    struct strings out;
    size_t len;

    strings_init(&out, block, REQUEST_MAX);
    len = make_request(&out, spec, image, exe);
    if (len == 0) {
        return err_set(err, ERR_TOOL,
                       "%s: arguments and environment: longer "
                       "than %d bytes",
                       spec->target, REQUEST_MAX);
    }
    if (find_or_record(dirs, block, len, found, err) < 0) {
        return -1;
    }
    image->entry.image = found->image;
    image->entry.sidecar = found->sidecar;
    snprintf(image->exe, PATH_MAX, "%s", strings_get(found->plan, "exe"));
    free(block);
    return take_over(spec, found->plan, err);
}
