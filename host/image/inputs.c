/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a cache entry was made from; see inputs.h.
 */
#include "host/image/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/common/xalloc.h"

enum { NS_PER_S = 1000000000, SETTLE_NS = 20000000 };

void inputs_init(struct inputs *in, const char *source)
{
    *in = (struct inputs){.source = source};
}

void inputs_free(struct inputs *in)
{
    for (size_t i = 0; i < in->nr; i++)
        free(in->list[i].path);
    free(in->list);
    *in = (struct inputs){0};
}

static struct input describe(const struct stat *st)
{
    return (struct input){
        .dev = st->st_dev,
        .ino = st->st_ino,
        .len_bytes = (uint64_t)st->st_size,
        .ctime_ns = (uint64_t)st->st_ctim.tv_sec * NS_PER_S +
                    (uint64_t)st->st_ctim.tv_nsec,
    };
}

static void append(struct inputs *in, const char *path, struct input input)
{
    input.path = xstrdup(path);
    in->list = xgrow(in->list, in->nr, &in->cap, sizeof(struct input));
    in->list[in->nr++] = input;
}

void inputs_add(struct inputs *in, const char *path, const struct stat *st)
{
    append(in, path, describe(st));
}

void inputs_add_absent(struct inputs *in, const char *path)
{
    append(in, path, (struct input){.is_absent = true});
}

void inputs_add_self(struct inputs *in)
{
    char *path = realpath("/proc/self/exe", NULL);
    struct stat st;

    if (path && lstat(path, &st) == 0)
        inputs_add(in, path, &st);
    free(path);
}

void inputs_settle(const struct inputs *in)
{
    uint64_t newest = 0, now;
    struct timespec ts;

    for (size_t i = 0; i < in->nr; i++)
        if (in->list[i].ctime_ns > newest)
            newest = in->list[i].ctime_ns;
    clock_gettime(CLOCK_REALTIME, &ts);
    now = (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
    if (newest > now || now - newest >= SETTLE_NS)
        return; /* a clock that was set back is beyond us */
    ts = (struct timespec){.tv_nsec = SETTLE_NS - (long)(now - newest)};
    nanosleep(&ts, NULL);
}

static bool is_unchanged(int dir_fd, const struct input *input)
{
    struct stat st;
    struct input now;

    if (fstatat(dir_fd, input->path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return input->is_absent &&
               (errno == ENOENT || errno == ENOTDIR || errno == EACCES);
    now = describe(&st);
    return !input->is_absent && now.dev == input->dev &&
           now.ino == input->ino && now.len_bytes == input->len_bytes &&
           now.ctime_ns == input->ctime_ns;
}

const char *inputs_changed(const struct inputs *in)
{
    int dir_fd =
        open(in->source[0] == '/' ? in->source : "/", O_PATH | O_CLOEXEC);
    const char *changed = dir_fd < 0 ? in->source : NULL;

    for (size_t i = 0; !changed && i < in->nr; i++)
        if (!is_unchanged(dir_fd, &in->list[i]))
            changed = in->list[i].path;
    if (dir_fd >= 0)
        close(dir_fd);
    return changed;
}

void inputs_print_path(const char *path, FILE *out)
{
    for (; *path; path++) {
        if (*path == '\n')
            fputs("\\n", out);
        else if (*path == '\\')
            fputs("\\\\", out);
        else
            fputc(*path, out);
    }
}

void inputs_print(const struct inputs *in, FILE *out)
{
    fprintf(out, "count %zu\n", in->nr);
    for (size_t i = 0; i < in->nr; i++) {
        const struct input *input = &in->list[i];

        if (input->is_absent)
            fputs("! ", out);
        else
            fprintf(out, "= %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " ",
                    input->dev, input->ino, input->len_bytes, input->ctime_ns);
        inputs_print_path(input->path, out);
        fputc('\n', out);
    }
}
