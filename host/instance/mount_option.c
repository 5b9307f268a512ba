/* SPDX-License-Identifier: BSD-2-Clause */
/* --mount, with the words that Docker and podman use for it: see spec.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/instance/spec.h"

struct mount_words {
    const char *type, *source, *target;
    bool read_only;
};

static bool is(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

/* One KEY=VALUE, or a word alone. False: unknown. */
static bool take_word(struct mount_words *m, char *word)
{
    char *value = strchr(word, '=');

    if (value == NULL) {
        m->read_only |= is(word, "readonly", "ro", "ro");
        return m->read_only || strcmp(word, "rw") == 0;
    }
    *value++ = '\0';
    if (is(word, "readonly", "ro", "ro")) {
        m->read_only = is(value, "true", "1", "yes");
        return m->read_only || is(value, "false", "0", "no");
    }
    if (strcmp(word, "type") == 0) {
        m->type = value;
    } else if (is(word, "source", "src", "src")) {
        m->source = value;
    } else if (is(word, "target", "destination", "dst")) {
        m->target = value;
    } else {
        return false;
    }
    return true;
}

static int add_disk(struct spec *spec, const struct mount_words *m,
                    struct err *err)
{
    char *path = realpath(m->source, NULL);

    if (path == NULL) {
        return err_set(err, ERR_TOOL, "--mount %s: %m%s", m->source,
                       errno == ENOENT ? " (make it with `einkorn disk create`)"
                                       : "");
    }
    if (strchr(path, ':') != NULL) {
        return err_set(err, ERR_TOOL,
                       "--mount %s: a path of a disk cannot contain a colon",
                       path);
    }
    if (spec->nr_disks == MAX_DISKS) {
        return err_set(err, ERR_TOOL, "--mount %s: more than %d disks",
                       m->source, MAX_DISKS);
    }
    spec->disks[spec->nr_disks++] = (struct disk){
        .path = path, .target = m->target, .read_only = m->read_only, .fd = -1};
    return 0;
}

/* As -v would have it. */
static int add_volume(struct spec *spec, const struct mount_words *m,
                      struct err *err)
{
    bool named = strcmp(m->type, "volume") == 0;
    char *text;

    if (named == (m->source[0] == '.' || strchr(m->source, '/') != NULL)) {
        return err_set(err, ERR_TOOL, "--mount type=%s: source=%s is %s",
                       m->type, m->source,
                       named ? "a path (use type=bind)"
                             : "a name (use type=volume, or ./NAME)");
    }
    if (asprintf(&text, "%s:%s%s", m->source, m->target,
                 m->read_only ? ":ro" : "") < 0) {
        return err_set(err, ERR_TOOL, "--mount: no memory");
    }
    return spec_add_volume(spec, text, err); /* which keeps it */
}

static bool is_type(const char *word)
{
    return strcmp(word, "disk") == 0 || is(word, "bind", "volume", "volume");
}

static int add(struct spec *spec, const struct mount_words *m, struct err *err)
{
    if (m->type != NULL && !is_type(m->type)) {
        return err_set(err, ERR_TOOL,
                       "--mount type=%s: unknown (use disk, bind or volume)",
                       m->type);
    }
    if (m->source == NULL || m->target == NULL || m->target[0] != '/' ||
        m->source[0] == '\0' || strchr(m->target, ':') != NULL) {
        return err_set(err, ERR_TOOL,
                       "--mount: needs source= and target=/PLACE (for example "
                       "type=disk,source=data.img,target=/data)");
    }
    if (m->type != NULL && strcmp(m->type, "disk") == 0) {
        return add_disk(spec, m, err);
    }
    if (m->type != NULL && is(m->type, "bind", "volume", "volume")) {
        return add_volume(spec, m, err);
    }
    return err_set(err, ERR_TOOL,
                   "--mount: needs a type= (disk, bind or volume)");
}

int spec_add_mount(struct spec *spec, char *value, struct err *err)
{
    struct mount_words m = {.type = "volume"}; /* Docker's default */

    for (char *word = value, *next; word != NULL; word = next) {
        next = strchr(word, ',');
        if (next != NULL) {
            *next++ = '\0';
        }
        if (!take_word(&m, word)) {
            return err_set(err, ERR_TOOL,
                           "--mount: %s is not understood (use type=, source=, "
                           "target=, readonly)",
                           word);
        }
    }
    return add(spec, &m, err);
}
