/* SPDX-License-Identifier: BSD-2-Clause */
/* The tool `einkorn`: finds the verb, reports its error. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/einkorn/verbs.h"

#define VERSION "0.1.0"

static int verb_help(struct context *ctx, int argc, char **argv);
static int verb_version(struct context *ctx, int argc, char **argv);

static const struct verb {
    const char *name;
    int (*run)(struct context *ctx, int argc, char **argv);
    const char *usage;
    const char *help;
} verbs[] = {
    {"run", verb_run, "[OPTION...] ELF|DIRECTORY|IMAGE [COMMAND [ARG...]]",
     "run a program as a unikernel"},
    {"trace", verb_trace,
     "[-o FILE] [OPTION...] ELF|DIRECTORY|IMAGE [COMMAND...]",
     "the same, showing each system call on stderr or in FILE"},
    {"export", verb_export,
     "-o FILE [--format raw|qcow2|vmdk|vhd|vdi] [OPTION...] "
     "ELF|DIRECTORY|IMAGE [COMMAND...]",
     "write a disk that boots it by BIOS and UEFI (options: -e, -w, -u,\n"
     "        --entrypoint, --no-jit, --ip dhcp|none|ADDRESS/BITS[,GATEWAY],\n"
     "        --data SIZE[:/PLACE])"},
    {"ps", verb_ps, "[-a] [-q] [--no-trunc]", "list instances"},
    {"logs", verb_logs, "[-f] [-t] [-n LINES] INSTANCE",
     "print what an instance wrote"},
    {"stop", verb_stop, "[-t SECONDS] INSTANCE...",
     "ask instances to end, then make them"},
    {"kill", verb_kill, "[-s SIGNAL] INSTANCE...", "send a signal"},
    {"rm", verb_rm, "[-f] INSTANCE...", "remove ended instances"},
    {"wait", verb_wait, "INSTANCE...", "wait for the end, print exit statuses"},
    {"inspect", verb_inspect, "INSTANCE...", "print all about them as JSON"},
    {"debug", verb_debug, "INSTANCE [GDB-OPTION...]",
     "gdb on a running instance, with its symbols"},
    {"image", verb_image, "ls [-a] | prune [-a] [-f]",
     "show what was made from programs and images; remove what is stale"},
    {"volume", verb_volume,
     "create NAME | ls [-q] | inspect NAME | rm NAME... | prune [-f]",
     "keep directories by names, for `run -v NAME:/GUEST`"},
    {"disk", verb_disk, "create [--owner UID[:GID]] FILE SIZE",
     "make a disk for `run --mount type=disk`"},
    {"info", verb_info, "", "what this host offers"},
    {"version", verb_version, "", "print the version"},
    {"help", verb_help, "[VERB]", "print this, or what one verb takes"},
};

enum { NR_VERBS = sizeof(verbs) / sizeof(verbs[0]) };

static const char run_options[] =
    "\nOptions of run:\n"
    "  --name NAME                 name (default: made up)\n"
    "  -d, --detach                in the background; print the id\n"
    "  --rm                        remove it when it ends\n"
    "  -e, --env K=V               environment variable\n"
    "  -p, --publish [IP:]HOST:GUEST[/udp]\n"
    "                              reach a guest port through the host\n"
    "  -P, --publish-all           the same for all ports that an image "
    "exposes\n"
    "  -v, --volume HOST|NAME:/GUEST[:ro]\n"
    "                              show a host directory or a named volume\n"
    "  --mount type=disk,source=FILE,target=/PLACE[,readonly]\n"
    "                              mount a disk (also type=bind, volume)\n"
    "  -m, --memory SIZE           limit, for example 64m or 1g\n"
    "  -w, --workdir DIR           working directory (default /)\n"
    "  --entrypoint PROGRAM        instead of the image's\n"
    "  -u, --user USER[:GROUP]     instead of the image's, or of root\n"
    "  --network none|bridge|user  default: bridge as root, else user\n"
    "  --ip ADDRESS                on a bridge: this one of its subnet\n"
    "  --platform auto|proc|kvm|qemu\n"
    "                              what runs it (default: auto)\n"
    "  --machine microvm|q35       what QEMU emulates (default: microvm)\n"
    "  --no-jit                    executable memory only from the image\n"
    "  --gdb PORT                  kvm, qemu: wait at the start for a "
    "debugger\n"
    "  --stop-signal SIGNAL        what `stop` sends (default: image's, TERM)\n"
    "  -i, --interactive           pass standard input\n"
    "  -t, --tty                   give it a terminal\n"
    "  --vcpus N                   virtual CPUs (default 1)\n"
    "  --core DIR|FILE             write a core file when a signal ends it\n"
    "  --core-size SIZE            no larger than this (default 4g)\n"
    "  --stats                     report counters at the end\n"
    "COMMAND includes argv[0] and defaults to the path of the ELF file. IMAGE "
    "is\n"
    "oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG]; for "
    "it\n"
    "COMMAND is what Docker takes.\n"
    "Exit status: the program's; 128 + n for signal n; 125 einkorn failed,\n"
    "126 not executable, 127 not found.\n";

static const struct verb *find_verb(const char *name);

static void describe(const struct verb *verb, const char *before)
{
    printf("%seinkorn %s%s%s\n        %s\n", before, verb->name,
           verb->usage[0] != '\0' ? " " : "", verb->usage, verb->help);
}

static void print_verb_help(const struct verb *verb)
{
    describe(verb, "Usage: ");
    if (verb->run == verb_run || verb->run == verb_trace) {
        fputs(run_options, stdout);
    } else {
        puts("\n`einkorn help` lists the other verbs.");
    }
}

static void print_help(void)
{
    puts("Usage: einkorn VERB ...\n");
    for (int i = 0; i < NR_VERBS; i++) {
        describe(&verbs[i], "  ");
    }
    fputs(run_options, stdout);
}

static int unknown_verb(struct context *ctx, const char *name)
{
    return err_set(&ctx->err, ERR_TOOL,
                   "%s: unknown verb (`einkorn help` lists them)", name);
}

static int verb_help(struct context *ctx, int argc, char **argv)
{
    const struct verb *verb = argc > 1 ? find_verb(argv[1]) : NULL;

    if (argc > 1 && verb == NULL) {
        return unknown_verb(ctx, argv[1]);
    }
    if (verb != NULL) {
        print_verb_help(verb);
    } else {
        print_help();
    }
    return 0;
}

static int verb_version(struct context *ctx, int argc, char **argv)
{
    (void)ctx;
    (void)argc;
    (void)argv;
    puts("einkorn " VERSION);
    return 0;
}

static const struct verb *find_verb(const char *name)
{
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    } else if (strcmp(name, "--version") == 0) {
        name = "version";
    }
    for (int i = 0; i < NR_VERBS; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

/* Files opened later must not become somebody's standard streams. */
static void fill_standard_streams(void)
{
    while (fcntl(2, F_GETFD) < 0 && open("/dev/null", O_RDWR) >= 0) {
    }
    for (int fd = 0; fd < 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)!open("/dev/null", O_RDWR);
        }
    }
}

static int run_verb(struct context *ctx, int argc, char **argv)
{
    const struct verb *verb = find_verb(argv[1]);

    if (verb == NULL) {
        return unknown_verb(ctx, argv[1]);
    }
    if (argc > 2 && strcmp(argv[2], "--help") == 0) {
        print_verb_help(verb);
        return 0;
    }
    if (dirs_find(&ctx->dirs, &ctx->err) < 0) {
        return -1;
    }
    ctx->verb = verb->name;
    return verb->run(ctx, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    static struct context ctx;
    int status;

    fill_standard_streams();
    if (argc < 2) {
        print_help();
        return ERR_TOOL;
    }
    status = run_verb(&ctx, argc, argv);
    if (status < 0) {
        if (ctx.err.text[0] != '\0') {
            err_print("einkorn", &ctx.err);
        }
        status = ctx.err.status != 0 ? ctx.err.status : ERR_TOOL;
    }
    if (fflush(stdout) != 0 && status == 0) {
        status = ERR_TOOL;
    }
    return status;
}
