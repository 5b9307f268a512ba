/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn logs */
#include "host/instance/log.h"

#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cmd/einkorn/verbs.h"
#include "host/common/strings.h"
#include "host/instance/inspect.h"

struct request {
    bool follow, times;
    long tail;          /* lines; -1: all */
    long skip;          /* lines still to leave out */
    bool line_start[3]; /* for each stream: is the next byte a line's first? */
};

static void print_frame(struct request *r, const struct log_frame *frame,
                        const char *data)
{
    FILE *out = frame->stream == 2 ? stderr : stdout;
    bool *line_start = &r->line_start[frame->stream == 2 ? 2 : 1];
    size_t begin = 0;
    char time[40];

    inspect_time(frame->real_ns, time);
    while (begin < frame->len_bytes) {
        const char *nl = memchr(data + begin, '\n', frame->len_bytes - begin);
        size_t end = nl != NULL ? (size_t)(nl - data) + 1 : frame->len_bytes;

        if (r->skip <= 0) {
            if (r->times && *line_start) {
                fprintf(out, "%s ", time);
            }
            fwrite(data + begin, 1, end - begin, out);
        }
        r->skip -= nl != NULL;
        *line_start = nl != NULL;
        begin = end;
    }
    fflush(out);
}

static int print_new(struct request *r, struct log_reader *reader)
{
    static char data[LOG_FRAME_MAX];
    struct log_frame frame;

    while (log_next(reader, &frame, data, sizeof(data))) {
        print_frame(r, &frame, data);
        if (ferror(stdout)) {
            return -1;
        }
    }
    return 0;
}

static long count_lines(const struct store *store, const char *id)
{
    static char data[LOG_FRAME_MAX];
    struct log_reader reader;
    struct log_frame frame;
    long lines = 0;

    if (log_open(&reader, store, id) < 0) {
        return 0;
    }
    while (log_next(&reader, &frame, data, sizeof(data))) {
        for (size_t i = 0; i < frame.len_bytes; i++) {
            lines += data[i] == '\n';
        }
    }
    log_close(&reader);
    return lines;
}

/* Prints until the monitor is gone. What it wrote last is there by then. */
static int follow(struct request *r, struct log_reader *reader,
                  const struct inst *inst, const char *run_dir)
{
    char path[DIR_MAX + 16], event[4096];
    struct pollfd p[2] = {{.events = POLLIN}, {.events = POLLIN}};
    int ended = 0;

    snprintf(path, sizeof(path), "%s/instances", run_dir);
    p[0].fd = inst_monitor_pidfd(inst);
    p[1].fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (p[1].fd < 0 ||
        inotify_add_watch(p[1].fd, path, IN_MODIFY | IN_CREATE) < 0) {
        return -1;
    }
    while (print_new(r, reader) == 0 && !ended) {
        ended = p[0].fd < 0;
        if (!ended && poll(p, 2, -1) > 0) {
            ended = p[0].revents != 0;
            while (read(p[1].fd, event, sizeof(event)) > 0) {
            }
        }
    }
    close(p[0].fd);
    close(p[1].fd);
    return 0;
}

static int print_log(struct context *ctx, struct request *r,
                     const struct store *store, struct inst *inst)
{
    struct log_reader reader;

    if (log_open(&reader, store, inst->id) < 0) {
        return err_set(&ctx->err, ERR_TOOL,
                       "logs %s: none are kept (run --rm in the foreground "
                       "writes straight to its own output)",
                       strings_get(inst->record, "name"));
    }
    if (r->tail >= 0) {
        r->skip = count_lines(store, inst->id) - r->tail;
    }
    if (!r->follow) {
        return print_new(r, &reader);
    }
    if (follow(r, &reader, inst, ctx->dirs.run) < 0) {
        return err_set(&ctx->err, ERR_TOOL, "logs -f: watch the log: %m");
    }
    return 0;
}

static const struct option options[] = {
    {"follow", no_argument, NULL, 'f'},
    {"timestamps", no_argument, NULL, 't'},
    {"tail", required_argument, NULL, 'n'},
    {NULL, 0, NULL, 0},
};

static int set_tail(struct context *ctx, struct request *r, const char *text)
{
    char *end;

    if (strcmp(text, "all") == 0) {
        return 0;
    }
    r->tail = strtol(text, &end, 10);
    if (*end != '\0' || text[0] < '0' || text[0] > '9') {
        return err_set(&ctx->err, ERR_TOOL, "logs -n %s: not a number of lines",
                       text);
    }
    return 0;
}

int verb_logs(struct context *ctx, int argc, char **argv)
{
    struct request r = {.tail = -1, .line_start = {true, true, true}};
    struct store store;
    struct inst inst;
    int code, rc;

    opterr = 0;
    while ((code = getopt_long(argc, argv, ":ftn:", options, NULL)) != -1) {
        if (code == '?' || code == ':') {
            return bad_option(ctx, argc, argv, code);
        }
        r.follow |= code == 'f';
        r.times |= code == 't';
        if (code == 'n' && set_tail(ctx, &r, optarg) < 0) {
            return -1;
        }
    }
    if (need_operands(ctx, argc, "logs") < 0) {
        return -1;
    }
    if (store_open(&store, ctx->dirs.run, &ctx->err) < 0 ||
        store_find(&store, argv[optind], &inst, &ctx->err) < 0) {
        return -1;
    }
    rc = print_log(ctx, &r, &store, &inst);
    inst_close(&inst);
    return rc;
}
