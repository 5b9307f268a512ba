/* SPDX-License-Identifier: BSD-2-Clause */
/* Users and groups of an image: see account.h. */
#include "host/instance/account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/common/xalloc.h"

/* The field of a line of passwd(5), cut to what fits. */
static void field(const char *line, size_t len, int nr, char *out, size_t cap)
{
    const char *end = line + len, *stop;

    for (; nr > 0 && line < end; nr--) {
        const char *colon = memchr(line, ':', (size_t)(end - line));

        line = colon != NULL ? colon + 1 : end;
    }
    stop = memchr(line, ':', (size_t)(end - line));
    stop = stop != NULL ? stop : end;
    snprintf(out, cap, "%.*s", (int)(stop - line), line);
}

static bool parse_id(const char *text, uint32_t *out)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || n >= UINT32_MAX) {
        return false;
    }
    *out = (uint32_t)n;
    return true;
}

/* Takes the next line of a file off *at. */
static bool next_line(const char **at, const char *end, const char **line,
                      size_t *len)
{
    const char *newline;

    if (*at >= end) {
        return false;
    }
    newline = memchr(*at, '\n', (size_t)(end - *at));
    *line = *at;
    *len = (size_t)((newline != NULL ? newline : end) - *at);
    *at += *len + 1;
    return true;
}

/* The line of a file whose first field is the name, or whose third is the
 * number; NULL if there is none. */
static const char *find_line(const struct erofs_image *image, const char *file,
                             const char *name, size_t *len)
{
    struct erofs_node node;
    const char *at, *end, *line;

    if (!erofs_walk(image, file, &node)) {
        return NULL;
    }
    at = (const char *)node.data;
    end = at + node.len_bytes;
    while (next_line(&at, end, &line, len)) {
        char first[256], third[16];

        field(line, *len, 0, first, sizeof(first));
        field(line, *len, 2, third, sizeof(third));
        if (strcmp(first, name) == 0 || strcmp(third, name) == 0) {
            return line;
        }
    }
    return NULL;
}

/* Is the name one of a comma-separated list? */
static bool is_member(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (; *list != '\0'; list += list[strcspn(list, ",")] != '\0') {
        size_t word = strcspn(list, ",");

        if (word == len && strncmp(list, name, len) == 0) {
            return true;
        }
        list += word;
    }
    return false;
}

static void find_groups(const struct erofs_image *image, const char *name,
                        struct account *out)
{
    struct erofs_node node;
    const char *at, *end, *line;
    size_t len;

    if (!erofs_walk(image, "/etc/group", &node)) {
        return;
    }
    at = (const char *)node.data;
    end = at + node.len_bytes;
    while (next_line(&at, end, &line, &len) && out->nr_groups < MAX_GROUPS) {
        char members[4096], id[16];

        field(line, len, 3, members, sizeof(members));
        field(line, len, 2, id, sizeof(id));
        if (is_member(members, name) &&
            parse_id(id, &out->groups[out->nr_groups])) {
            out->nr_groups++;
        }
    }
}

static int find_user(const struct erofs_image *image, const char *name,
                     struct account *out, struct err *err)
{
    size_t len;
    const char *line = find_line(image, "/etc/passwd", name, &len);
    char id[16], login[256];

    out->gid = 0;
    out->nr_groups = 0;
    strcpy(out->home, "/");
    if (line == NULL) {
        if (parse_id(name, &out->uid)) {
            return 0;
        }
        return err_set(err, ERR_CANNOT_RUN,
                       "user %s: not in the image's /etc/passwd", name);
    }
    field(line, len, 2, id, sizeof(id));
    if (!parse_id(id, &out->uid)) {
        return err_set(err, ERR_CANNOT_RUN,
                       "user %s: the image's /etc/passwd has no number for it",
                       name);
    }
    field(line, len, 3, id, sizeof(id));
    parse_id(id, &out->gid);
    field(line, len, 5, out->home, sizeof(out->home));
    field(line, len, 0, login, sizeof(login));
    find_groups(image, login, out);
    return 0;
}

static int find_group(const struct erofs_image *image, const char *name,
                      struct account *out, struct err *err)
{
    size_t len;
    const char *line;
    char id[16];

    if (parse_id(name, &out->gid)) {
        return 0;
    }
    line = find_line(image, "/etc/group", name, &len);
    if (line != NULL) {
        field(line, len, 2, id, sizeof(id));
        if (parse_id(id, &out->gid)) {
            return 0;
        }
    }
    return err_set(err, ERR_CANNOT_RUN,
                   "group %s: not in the image's /etc/group", name);
}

int account_find(const struct erofs_image *image, const char *text,
                 struct account *out, struct err *err)
{
    char user[256];
    const char *colon = strchr(text, ':');
    size_t len = colon != NULL ? (size_t)(colon - text) : strlen(text);

    snprintf(user, sizeof(user), "%.*s", (int)len, text);
    if (find_user(image, len > 0 ? user : "0", out, err) < 0) {
        return -1;
    }
    if (colon != NULL && colon[1] != '\0') {
        out->nr_groups = 0;
        return find_group(image, colon + 1, out, err);
    }
    return 0;
}

int account_become(struct spec *spec, const struct erofs_image *image,
                   const char *user, struct err *err)
{
    struct account account;

    if (account_find(image, user, &account, err) < 0) {
        return -1;
    }
    spec->uid = account.uid;
    spec->gid = account.gid;
    memcpy(spec->groups, account.groups, sizeof(spec->groups));
    spec->nr_groups = account.nr_groups;
    spec->home = xstrdup(account.home);
    return 0;
}

int account_apply(struct spec *spec, const char *path, struct err *err)
{
    struct erofs_image files;
    int rc;

    if (erofs_open(&files, path, err) < 0) {
        return -1;
    }
    rc = account_become(spec, &files, spec->user, err);
    erofs_close(&files);
    return rc;
}
