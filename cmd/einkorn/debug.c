/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn debug: gdb on a running instance. See docs/cli.md. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/einkorn/verbs.h"
#include "host/common/strings.h"
#include "host/instance/args.h"
#include "host/instance/gdbline.h"

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
    if (inst_monitor(inst) == 0 || inst->state.pid <= 0) {
        return err_set(err, ERR_TOOL, "debug %s: is not running", ref);
    }
    return 0;
}

static bool is_machine(const struct inst *inst)
{
    const char *platform = strings_get(inst->record, "platform");

    return platform != NULL &&
           (strcmp(platform, "kvm") == 0 || strcmp(platform, "qemu") == 0);
}

/* How gdb gets at an instance's processor. */
static int add_way(struct args *args, const struct store *store,
                   const struct inst *inst, struct err *err)
{
    char target[DIR_MAX];

    if (!is_machine(inst)) {
        args_add(args, "-p");
        args_add(args, "%d", inst->state.pid);
        args_add_all(args, "-ex",
                     "handle SIGSYS SIGSEGV SIGPROF SIGURG nostop noprint pass",
                     (char *)NULL);
        return 0;
    }
    if (gdbline_target(store, inst, target, sizeof(target), err) < 0) {
        return -1;
    }
    /* Pages that were not touched yet are read from the files. */
    args_add_all(args, "-iex", "set trust-readonly-sections on", "-iex",
                 "set remotetimeout 60", "-ex", (char *)NULL);
    args_add(args, "target remote %s", target);
    return 0;
}

static int exec_gdb(const struct context *ctx, const struct store *store,
                    const struct inst *inst, char **more, struct err *err)
{
    static struct args args;

    args_init(&args);
    args_add_all(&args, "gdb", "-q", "-iex", "set sysroot /", "-iex",
                 "set confirm off", "-iex", "set auto-solib-add off",
                 (char *)NULL);
    if (add_way(&args, store, inst, err) < 0) {
        return -1;
    }
    args_add(&args, "-ex");
    args_add(&args, "add-symbol-file '%s/kernel.elf'", ctx->dirs.libexec);
    if (is_machine(inst)) {
        args_add(&args, "-ex");
        args_add(&args, "add-symbol-file '%s/einkorn-vm.elf'",
                 ctx->dirs.libexec);
    }
    args_add(&args, "-ex");
    args_add(&args, "set $einkorn_root = \"%.2000s\"", root_of(inst));
    args_add(&args, "-ex");
    args_add(&args, "source %s/einkorn-gdb.py", ctx->dirs.libexec);
    for (; *more != NULL && args.nr < ARGS_MAX - 1; more++) {
        args_add(&args, "%s", *more);
    }
    execvp("gdb", args.argv);
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
    return exec_gdb(ctx, &store, &inst, argv + 2, &ctx->err);
}
