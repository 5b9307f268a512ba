/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn ps */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/einkorn/verbs.h"
#include "host/common/strings.h"
#include "host/instance/inspect.h"

struct view {
    bool all, quiet, whole;
    int64_t now_ns;
};

#define ROW "%-*.*s   %-15s %-22s %-22s %-35s %-24s %s\n"

enum { OPT_NO_TRUNC = 256, CELL = 1024 };

/* "5 seconds", "3 hours": about how long, as Docker says it. */
static void duration(int64_t ns, char *out, size_t cap)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    int64_t s = ns / 1000000000;

    for (int i = 0; i < 4; i++) {
        int64_t n = s / units[i].seconds;

        if (n >= 1) {
            snprintf(out, cap, "%lld %s%s", (long long)n, units[i].name,
                     n == 1 ? "" : "s");
            return;
        }
    }
    snprintf(out, cap, "Less than a second");
}

static void status(const struct view *v, const struct inst *inst, char *out)
{
    const struct inst_state *s = &inst->state;
    char time[64];

    if (inst_monitor(inst) != 0) {
        duration(v->now_ns - s->started_ns, time, sizeof(time));
        snprintf(out, CELL, "Up %s", time);
    } else if ((s->flags & STATE_FINISHED) == 0) {
        snprintf(out, CELL, "Exited (unknown: monitor was killed)");
    } else {
        duration(v->now_ns - s->finished_ns, time, sizeof(time));
        snprintf(out, CELL, "Exited (%d) %s ago", s->exit_code, time);
    }
}

static void command(const struct view *v, const struct inst *inst, char *out)
{
    const char *arg = strings_next(inst->record, "arg", NULL);
    size_t len = 1, limit = v->whole ? CELL - 2 : 20;

    out[0] = '"';
    for (; arg != NULL; arg = strings_next(inst->record, "arg", arg)) {
        for (const char *p = arg; *p != '\0' && len < limit; p++) {
            out[len++] = *p < ' ' || *p == 0x7f ? '?' : *p;
        }
        if (len < limit) {
            out[len++] = ' ';
        }
    }
    len -= len > 1 && out[len - 1] == ' ';
    out[len++] = '"';
    out[len] = '\0';
}

static void ports(const struct inst *inst, char *out)
{
    const char *port = strings_next(inst->record, "port", NULL);
    size_t len = 0;

    out[0] = '\0';
    if (inst_monitor(inst) == 0) {
        return;
    }
    for (; port != NULL; port = strings_next(inst->record, "port", port)) {
        struct port_text p;

        if (inspect_port(port, &p) == 0 && len < CELL - 64) {
            len += (size_t)snprintf(out + len, CELL - len, "%s%s:%s->%s/%s",
                                    len > 0 ? ", " : "", p.ip, p.host, p.guest,
                                    p.proto);
        }
    }
}

/* Ports that the image names and nobody published, as Docker shows them. */
static void exposed(const struct inst *inst, char *out)
{
    const char *value = NULL;
    size_t len = strlen(out);

    while (inst_monitor(inst) != 0 &&
           (value = strings_next(inst->record, "expose", value)) != NULL) {
        char published[32];

        snprintf(published, sizeof(published), "->%.20s", value);
        if (strstr(out, published) == NULL && len < CELL - 64) {
            len += (size_t)snprintf(out + len, CELL - len, "%s%.20s",
                                    len > 0 ? ", " : "", value);
        }
    }
}

static int print_one(struct inst *inst, void *arg)
{
    const struct view *v = arg;
    const char *source = strings_get(inst->record, "source");
    int64_t created = strtoll(strings_get(inst->record, "created"), NULL, 10);
    int id_len = v->whole ? ID_LEN : ID_SHORT_LEN;
    char age[64], cells[4][CELL];

    if (!v->all && inst_monitor(inst) == 0) {
        return 0;
    }
    if (v->quiet) {
        printf("%.*s\n", id_len, inst->id);
        return 0;
    }
    if (!v->whole && strrchr(source, '/') != NULL) {
        source = strrchr(source, '/') + 1;
    }
    duration(v->now_ns - created, age, sizeof(age));
    snprintf(cells[3], CELL, "%s ago", age);
    command(v, inst, cells[0]);
    status(v, inst, cells[1]);
    ports(inst, cells[2]);
    exposed(inst, cells[2]);
    printf(ROW, id_len, id_len, inst->id, source, cells[0], cells[3], cells[1],
           cells[2], strings_get(inst->record, "name"));
    return 0;
}

static const struct option options[] = {
    {"all", no_argument, NULL, 'a'},
    {"quiet", no_argument, NULL, 'q'},
    {"no-trunc", no_argument, NULL, OPT_NO_TRUNC},
    {NULL, 0, NULL, 0},
};

int verb_ps(struct context *ctx, int argc, char **argv)
{
    struct view view = {0};
    struct timespec now;
    struct store store;
    int code;

    opterr = 0;
    while ((code = getopt_long(argc, argv, ":aq", options, NULL)) != -1) {
        if (code == '?' || code == ':') {
            return bad_option(ctx, argc, argv, code);
        }
        view.all |= code == 'a';
        view.quiet |= code == 'q';
        view.whole |= code == OPT_NO_TRUNC;
    }
    if (optind < argc) {
        return err_set(&ctx->err, ERR_TOOL, "ps %s: takes no operands",
                       argv[optind]);
    }
    if (store_open(&store, ctx->dirs.run, &ctx->err) < 0) {
        return -1;
    }
    store_sweep(&store);
    clock_gettime(CLOCK_REALTIME, &now);
    view.now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (!view.quiet) {
        int id_len = view.whole ? ID_LEN : ID_SHORT_LEN;

        printf(ROW, id_len, id_len, "INSTANCE ID", "IMAGE", "COMMAND",
               "CREATED", "STATUS", "PORTS", "NAMES");
    }
    return store_each(&store, print_one, &view, &ctx->err);
}
