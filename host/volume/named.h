/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Volumes that have a name instead of a place: directories below the tool's
 * data, as Docker has them. EINKORN_ROOT/volumes/NAME/_data is what instances
 * see; who runs one holds a shared lock on volumes/NAME.
 */
#ifndef EINKORN_HOST_VOLUME_NAMED_H
#define EINKORN_HOST_VOLUME_NAMED_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "host/common/err.h"
#include "host/instance/dirs.h"
#include "host/instance/image.h"
#include "host/instance/spec.h"

struct named {
    char name[NAME_MAX + 1];
    char path[PATH_MAX]; /* of _data */
    int64_t created_s;   /* since 1970 */
};

/* Docker's rule for names; otherwise -1 and err. */
int named_check(const char *name, struct err *err);

/* Is it there? *out says where, or where it would be. */
bool named_find(const struct dirs *dirs, const char *name, struct named *out);

/* Makes an empty one unless it exists. */
int named_create(const struct dirs *dirs, const char *name, struct named *out,
                 struct err *err);

/* For `run`: finds or makes those that the spec names, each with what the
 * image has at its place if it is empty, and locks them. */
int named_use(const struct dirs *dirs, struct spec *spec,
              const struct image *image, struct err *err);
/* Gives the locks back: before who waits for the instance learns of its end.
 * (The host gives them back only after the process has ended.) */
void named_leave(const struct spec *spec);

/* Calls visit for all, in order of their names, until it returns non-zero. */
int named_each(const struct dirs *dirs,
               int (*visit)(const struct named *v, void *arg), void *arg,
               struct err *err);

/* Removes one that no instance has, running or ended. */
int named_remove(const struct dirs *dirs, const char *name, struct err *err);

/* Does an instance have it? */
bool named_in_use(const struct dirs *dirs, const struct named *v);

/* The name in a path that ends in volumes/NAME/_data, or NULL. */
const char *named_of_path(const char *path, char name[NAME_MAX + 1]);

#endif
