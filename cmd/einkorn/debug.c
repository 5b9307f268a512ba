/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn debug: gdb on a running instance. See docs/cli.md. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/einkorn/verbs.h"
#include "host/common/strings.h"

enum { TEXT_MAX = DIR_MAX + 64, ARGS_MAX = 64 };

/* Where the image's paths begin on the host: the directory it was made from,
 * or, for a program with its packages, the host itself. */
static const char *root_of(const struct inst *inst)
{
    const char *source = strings_get(inst->record, "source");
    struct stat st;

    if (source != NULL && stat(source, &st) == 0 && S_ISDIR(st.st_mode)) {
        return source;
    }
    return "";
}

static int check(const struct inst *inst, const char *ref, struct err *err)
{
    const char *platform = strings_get(inst->record, "platform");

    if (inst_monitor(inst) == 0 || inst->state.pid <= 0) {
        return err_set(err, ERR_TOOL, "debug %s: is not running", ref);
    }
    if (platform != NULL && strcmp(platform, "proc") != 0 &&
        strcmp(platform, "auto") != 0) {
        return err_set(err, ERR_TOOL,
                       "debug %s: runs on platform %s (only proc can be "
                       "debugged)",
                       ref, platform);
    }
    return 0;
}

static int exec_gdb(const struct context *ctx, const struct inst *inst,
                    char **more, struct err *err)
{
    static char pid[16], kernel[TEXT_MAX], root[TEXT_MAX], script[TEXT_MAX];
    const char *args[ARGS_MAX] = {
        "gdb",  "-q",
        "-iex", "set sysroot /",
        "-iex", "set confirm off",
        "-iex", "set auto-solib-add off",
        "-p",   pid,
        "-ex",  "handle SIGSYS SIGSEGV SIGPROF SIGURG nostop noprint pass",
        "-ex",  kernel,
        "-ex",  root,
        "-ex",  script,
    };
    int nr = 0;

    snprintf(pid, sizeof(pid), "%d", inst->state.pid);
    snprintf(kernel, sizeof(kernel), "add-symbol-file '%s/kernel.elf'",
             ctx->dirs.libexec);
    snprintf(root, sizeof(root), "set $einkorn_root = \"%.2000s\"",
             root_of(inst));
    snprintf(script, sizeof(script), "source %s/einkorn-gdb.py",
             ctx->dirs.libexec);
    while (args[nr] != NULL) {
        nr++;
    }
    while (*more != NULL && nr < ARGS_MAX - 1) {
        args[nr++] = *more++;
    }
    execvp("gdb", (char *const *)args);
    return err_set(err, ERR_TOOL, "debug: gdb: %s",
                   errno == ENOENT ? "not found (apt-get install gdb)"
                                   : strerror(errno));
}

int verb_debug(struct context *ctx, int argc, char **argv)
{
    struct store store;
    struct inst inst;

    if (argc < 2) {
        return err_set(&ctx->err, ERR_TOOL,
                       "debug: which instance? (einkorn debug NAME|ID "
                       "[GDB-OPTION...]; `einkorn ps` lists them)");
    }
    if (store_open(&store, ctx->dirs.run, &ctx->err) < 0 ||
        store_find(&store, argv[1], &inst, &ctx->err) < 0 ||
        check(&inst, argv[1], &ctx->err) < 0) {
        return -1;
    }
    return exec_gdb(ctx, &inst, argv + 2, &ctx->err);
}
