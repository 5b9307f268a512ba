/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reading side of the image cache: on the path of every start, so it
 * costs one small file and one lstat for each input.
 */
#include "host/common/image_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/common/room.h"
#include "host/common/xalloc.h"

const char *image_kind_name(enum image_kind kind)
{
    switch (kind) {
    case IMAGE_KIND_ELF:
        return "elf";
    case IMAGE_KIND_DIRECTORY:
        return "directory";
    case IMAGE_KIND_NAME:
        return "image";
    case IMAGE_KIND_MANIFEST:
        return "manifest";
    default:
        return "record";
    }
}

static uint64_t fnv(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
    return hash;
}

void image_cache_key(enum image_kind kind, const char *source, char name[32])
{
    const char letter[2] = {(char)kind};
    uint64_t hash = fnv(UINT64_C(0xcbf29ce484222325), letter); /* FNV-1a */

    hash = fnv(hash, source);
    snprintf(name, 32, "%016llx.inputs", (unsigned long long)hash);
}

/* The file's text, to stay, or NULL. */
static char *read_text(const char *path)
{
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    struct stat st;
    size_t done = 0;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && st.st_size < (1 << 30)) {
        size_t len = (size_t)st.st_size;

        text = room_keep(room(len + 1), len + 1);
        while (done < len) {
            ssize_t n = read(fd, text + done, len - done);

            if (n <= 0)
                break;
            done += (size_t)n;
        }
        text[done] = '\0';
    }
    close(fd);
    return text;
}

/* Takes one line off *cursor, without its newline; NULL at the end. */
static char *next_line(char **cursor)
{
    char *line = *cursor;
    char *end = strchr(line, '\n');

    if (!end)
        return NULL;
    *end = '\0';
    *cursor = end + 1;
    return line;
}

/* The value of the next line if it is "name value", else NULL. */
static char *next_value(char **cursor, const char *name)
{
    char *line = next_line(cursor);
    size_t len = strlen(name);

    if (!line || strncmp(line, name, len) != 0 || line[len] != ' ')
        return NULL;
    return line + len + 1;
}

static void unescape(char *path)
{
    char *to = strchr(path, '\\');

    for (char *from = to; from && *from; from++) {
        if (*from == '\\' && from[1])
            *to++ = *++from == 'n' ? '\n' : *from;
        else
            *to++ = *from;
    }
    if (to)
        *to = '\0';
}

static bool take_number(char **p, uint64_t *out)
{
    char *s = *p;
    uint64_t v = 0;

    while (*s >= '0' && *s <= '9')
        v = v * 10 + (uint64_t)(*s++ - '0');
    if (s == *p || *s != ' ')
        return false;
    *p = s + 1;
    *out = v;
    return true;
}

/* What fstatat(2) says about an input; one that belongs to a directory is
 * named relative to it. */
static int stat_input(const char *source, int *dir_fd, const char *path,
                      struct stat *st)
{
    if (path[0] != '/' && *dir_fd == AT_FDCWD) {
        *dir_fd = openat(AT_FDCWD, source[0] == '/' ? source : "/",
                         O_PATH | O_CLOEXEC);
        if (*dir_fd < 0) {
            *dir_fd = AT_FDCWD;
            errno = EIO;
            return -1;
        }
    }
    return fstatat(*dir_fd, path, st, AT_SYMLINK_NOFOLLOW);
}

static bool input_is_fresh(const char *source, int *dir_fd, char *line)
{
    uint64_t dev, ino, size, ctime_ns;
    char *p = line + 2;
    struct stat st;

    if (line[0] == '!' && line[1] == ' ') {
        unescape(p);
        return stat_input(source, dir_fd, p, &st) < 0 &&
               (errno == ENOENT || errno == ENOTDIR || errno == EACCES);
    }
    if (line[0] != '=' || line[1] != ' ' || !take_number(&p, &dev) ||
        !take_number(&p, &ino) || !take_number(&p, &size) ||
        !take_number(&p, &ctime_ns))
        return false;
    unescape(p);
    return stat_input(source, dir_fd, p, &st) == 0 && st.st_dev == dev &&
           st.st_ino == ino && (uint64_t)st.st_size == size &&
           (uint64_t)st.st_ctim.tv_sec * 1000000000u +
                   (uint64_t)st.st_ctim.tv_nsec ==
               ctime_ns;
}

static bool inputs_are_fresh(const char *source, char **cursor, long count)
{
    int dir_fd = AT_FDCWD;
    bool fresh = true;

    while (fresh && count-- > 0) {
        char *line = next_line(cursor);

        fresh = line && input_is_fresh(source, &dir_fd, line);
    }
    if (dir_fd != AT_FDCWD)
        close(dir_fd);
    return fresh;
}

/* The lines behind the inputs become a block of strings. NULL if there are
 * fewer than `count` of them. */
static char *take_plan(char *cursor, long count)
{
    char *plan = xmalloc(strlen(cursor) + 2), *to = plan, *line;

    while (count > 0 && (line = next_line(&cursor)) && line[0]) {
        unescape(line);
        to = stpcpy(to, line) + 1;
        count--;
    }
    to[0] = '\0';
    if (to == plan)
        to[1] = '\0';
    if (count == 0)
        return plan;
    free(plan);
    return NULL;
}

/* The path dir/name; NULL: too long, or no plain name. */
static const char *keep_path(const char *dir, const char *name)
{
    char *path = room(PATH_MAX);
    int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);

    if (n < 0 || n >= PATH_MAX || strchr(name, '/'))
        return NULL;
    return room_keep(path, (size_t)n + 1);
}

static bool parse(char *text, const char *cache_dir, struct image_entry *out)
{
    char *magic = next_line(&text);
    char *source = magic ? next_value(&text, "source") : NULL;
    char *kind = source ? next_value(&text, "kind") : NULL;
    char *image = kind ? next_value(&text, "image") : NULL;
    char *sidecar = image ? next_value(&text, "sidecar") : NULL;
    char *exe = sidecar ? next_value(&text, "exe") : NULL;
    char *jit = exe ? next_value(&text, "jit") : NULL;
    char *plan = jit ? next_value(&text, "plan") : NULL;
    char *count = plan ? next_value(&text, "count") : NULL;
    const char *image_path, *sidecar_path;

    if (!count || strcmp(magic, IMAGE_CACHE_MAGIC) != 0)
        return false;
    unescape(source);
    unescape(exe);
    if (strcmp(source, out->source) != 0 ||
        strcmp(kind, image_kind_name(out->kind)) != 0)
        return false;
    image_path = keep_path(cache_dir, image);
    sidecar_path = keep_path(cache_dir, sidecar);
    if (!image_path || !sidecar_path)
        return false;
    out->image = image_path;
    out->sidecar = sidecar_path;
    out->exe = exe[0] == '/' ? exe : "";
    out->wants_jit = strcmp(jit, "yes") == 0;
    if (!inputs_are_fresh(source, &text, atol(count)) ||
        access(out->image, R_OK) < 0 || access(out->sidecar, R_OK) < 0)
        return false;
    if (atol(plan) == 0)
        return true;
    out->plan = take_plan(text, atol(plan));
    return out->plan;
}

/* Source and kind are set. */
static int load(const char *cache_dir, struct image_entry *out)
{
    const char *path;
    char name[32], *text;

    out->image = out->sidecar = out->exe = "";
    out->wants_jit = false;
    out->plan = NULL;
    image_cache_key(out->kind, out->source, name);
    path = keep_path(cache_dir, name);
    text = path ? read_text(path) : NULL;
    return text && parse(text, cache_dir, out);
}

int image_cache_load(const char *cache_dir, enum image_kind kind,
                     const char *source, struct image_entry *out)
{
    size_t len = strlen(source) + 1;
    char *copy = room_keep(room(len), len);

    out->source = memcpy(copy, source, len);
    out->kind = kind;
    return load(cache_dir, out);
}

int image_cache_find(const char *cache_dir, const char *source,
                     struct image_entry *out, struct err *err)
{
    char *canonical = room(PATH_MAX);

    if (image_cache_source(source, canonical, &out->kind, err) < 0)
        return -1;
    out->source = room_keep(canonical, strlen(canonical) + 1);
    return load(cache_dir, out);
}

void image_cache_record_source(const char *request, char out[PATH_MAX])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *request; request += strlen(request) + 1)
        hash = fnv(fnv(hash, request), "\n");
    snprintf(out, PATH_MAX, "record:%016llx", (unsigned long long)hash);
}

bool image_cache_answers(const struct image_entry *entry, const char *request)
{
    const char *at = entry->plan;

    while (at && *request) {
        if (at[0] != '?' || strcmp(at + 1, request) != 0)
            return false;
        at += strlen(at) + 1;
        request += strlen(request) + 1;
    }
    return at && at[0] != '?';
}

void image_entry_free(struct image_entry *entry)
{
    free(entry->plan);
    entry->plan = NULL;
}
