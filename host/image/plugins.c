/* SPDX-License-Identifier: BSD-2-Clause */
/* Which packages bring plug-ins; see plugins.h. */
#include "host/image/plugins.h"

#include <string.h>

#include "host/image/policy.h"

static bool is_plugin(const char *path)
{
    static const char dir[] = "/usr/lib/", arch[] = "x86_64-linux-gnu/";
    size_t len = strlen(path);

    if (len < 3 || strcmp(path + len - 3, ".so") != 0 ||
        strncmp(path, dir, sizeof(dir) - 1) != 0)
        return false;
    path += sizeof(dir) - 1;
    if (strncmp(path, arch, sizeof(arch) - 1) == 0)
        path += sizeof(arch) - 1;
    return strchr(path, '/') != NULL;
}

static void look(void *ctx, const char *path)
{
    bool *found = ctx;

    *found |= is_plugin(path);
}

static bool has_plugins(const struct dpkg *d, const struct dpkg_package *p)
{
    bool found = false;

    dpkg_each_file(d, p, look, &found);
    return found;
}

/* Who takes X-headless wants nothing of X (Java without its windows). */
static bool is_rest_of(const struct dpkg_package *p,
                       const struct dpkg_package *taken)
{
    size_t len = strlen(p->name);

    return strncmp(taken->name, p->name, len) == 0 &&
           strcmp(taken->name + len, "-headless") == 0;
}

static bool belongs(const struct dpkg_package *p,
                    struct dpkg_package *const *taken, size_t nr)
{
    bool found = false;

    for (size_t i = 0; i < nr; i++) {
        if (taken[i] == p || is_rest_of(p, taken[i]))
            return false;
        found |= dpkg_same_source(p, taken[i]) && dpkg_depends_on(p, taken[i]);
    }
    return found;
}

void plugins_each(const struct dpkg *d, struct dpkg_package *const *taken,
                  size_t nr, void (*each)(void *ctx, struct dpkg_package *),
                  void *ctx)
{
    for (size_t i = 0; nr > 0 && i < d->nr; i++) {
        struct dpkg_package *p = &d->packages[i];

        if (dpkg_same_source(p, taken[0]) &&
            policy_may_bring_plugins(p->name) && belongs(p, taken, nr) &&
            has_plugins(d, p))
            each(ctx, p);
    }
}
