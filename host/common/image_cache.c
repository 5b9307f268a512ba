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

#include "host/common/image_ref.h"
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

int image_cache_source(const char *path, char out[PATH_MAX],
                       enum image_kind *kind, struct err *err)
{
    const char *slash = strrchr(path, '/');
    struct image_ref ref;
    char dir[PATH_MAX];
    struct stat st;
    int n = image_ref_parse(path, &ref, err);

    if (n < 0)
        return -1;
    *kind = IMAGE_KIND_NAME;
    errno = ENAMETOOLONG;
    if (n > 0) {
        if (image_ref_print(&ref, out) < 0)
            goto fail;
        return 0;
    }
    if (strlen(path) >= PATH_MAX)
        goto fail;
    if (stat(path, &st) < 0)
        goto fail;
    *kind = S_ISDIR(st.st_mode) ? IMAGE_KIND_DIRECTORY : IMAGE_KIND_ELF;
    if (*kind == IMAGE_KIND_DIRECTORY) {
        if (!realpath(path, out))
            goto fail;
        return 0;
    }
    n = slash ? (int)(slash - path) : 0;
    snprintf(dir, sizeof(dir), "%.*s/", n, slash ? path : "");
    if (!realpath(slash ? dir : ".", dir))
        goto fail;
    n = snprintf(out, PATH_MAX, "%s/%s", strcmp(dir, "/") ? dir : "",
                 slash ? slash + 1 : path);
    if (n < PATH_MAX)
        return 0;
    errno = ENAMETOOLONG;
fail:
    return err_set(err,
                   errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND
                                                       : ERR_CANNOT_RUN,
                   "run %s: %m", path);
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

/* Most inputs files fit here, which is cheaper than the heap. */
static char small[64 * 1024];

static char *read_text(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    struct stat st;
    size_t done = 0;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &st) == 0 && st.st_size < (1 << 30)) {
        size_t len = (size_t)st.st_size;

        text = len < sizeof(small) ? small : xmalloc(len + 1);
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

static bool input_is_fresh(int dir_fd, char *line)
{
    uint64_t dev, ino, size, ctime_ns;
    char *p = line + 2;
    struct stat st;

    if (line[0] == '!' && line[1] == ' ') {
        unescape(p);
        return fstatat(dir_fd, p, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
               (errno == ENOENT || errno == ENOTDIR || errno == EACCES);
    }
    if (line[0] != '=' || line[1] != ' ' || !take_number(&p, &dev) ||
        !take_number(&p, &ino) || !take_number(&p, &size) ||
        !take_number(&p, &ctime_ns))
        return false;
    unescape(p);
    return fstatat(dir_fd, p, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_dev == dev && st.st_ino == ino &&
           (uint64_t)st.st_size == size &&
           (uint64_t)st.st_ctim.tv_sec * 1000000000u +
                   (uint64_t)st.st_ctim.tv_nsec ==
               ctime_ns;
}

static bool inputs_are_fresh(const char *source, char **cursor, long count)
{
    int dir_fd = open(source[0] == '/' ? source : "/", O_PATH | O_CLOEXEC);
    char *line;
    bool fresh = dir_fd >= 0;

    while (fresh && count-- > 0) {
        line = next_line(cursor);
        fresh = line && input_is_fresh(dir_fd, line);
    }
    if (dir_fd >= 0)
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

static bool join(char out[PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);

    return !strchr(name, '/') && n > 0 && n < PATH_MAX;
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

    if (!count || strcmp(magic, IMAGE_CACHE_MAGIC) != 0)
        return false;
    unescape(source);
    unescape(exe);
    if (strcmp(source, out->source) != 0 ||
        strcmp(kind, image_kind_name(out->kind)) != 0)
        return false;
    if (!join(out->image, cache_dir, image) ||
        !join(out->sidecar, cache_dir, sidecar))
        return false;
    snprintf(out->exe, sizeof(out->exe), "%s", exe[0] == '/' ? exe : "");
    out->wants_jit = strcmp(jit, "yes") == 0;
    if (!inputs_are_fresh(source, &text, atol(count)) ||
        access(out->image, R_OK) < 0 || access(out->sidecar, R_OK) < 0)
        return false;
    if (atol(plan) == 0)
        return true;
    out->plan = take_plan(text, atol(plan));
    return out->plan;
}

int image_cache_load(const char *cache_dir, enum image_kind kind,
                     const char *source, struct image_entry *out)
{
    char path[PATH_MAX], name[32];
    char *text;
    int found;

    memset(out, 0, sizeof(*out));
    out->kind = kind;
    snprintf(out->source, sizeof(out->source), "%s", source);
    image_cache_key(kind, source, name);
    if (!join(path, cache_dir, name))
        return 0;
    text = read_text(path);
    found = text && parse(text, cache_dir, out);
    if (text != small)
        free(text);
    return found;
}

int image_cache_find(const char *cache_dir, const char *source,
                     struct image_entry *out, struct err *err)
{
    char canonical[PATH_MAX];
    enum image_kind kind;

    if (image_cache_source(source, canonical, &kind, err) < 0)
        return -1;
    return image_cache_load(cache_dir, kind, canonical, out);
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
