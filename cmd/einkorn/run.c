/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn run, and trace, which is the same with one more option */
#include "host/instance/run.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/einkorn/verbs.h"

enum option_code {
    OPT_NAME = 256,
    OPT_RM,
    OPT_NETWORK,
    OPT_IP,
    OPT_PLATFORM,
    OPT_MACHINE,
    OPT_NO_JIT,
    OPT_STATS,
    OPT_ENTRYPOINT,
    OPT_STOP_SIGNAL,
    OPT_CORE,
    OPT_CORE_SIZE,
    OPT_VCPUS,
    OPT_MOUNT,
    OPT_GDB,
};

static const struct option options[] = {
    {"name", required_argument, NULL, OPT_NAME},
    {"detach", no_argument, NULL, 'd'},
    {"rm", no_argument, NULL, OPT_RM},
    {"env", required_argument, NULL, 'e'},
    {"publish", required_argument, NULL, 'p'},
    {"volume", required_argument, NULL, 'v'},
    {"mount", required_argument, NULL, OPT_MOUNT},
    {"memory", required_argument, NULL, 'm'},
    {"workdir", required_argument, NULL, 'w'},
    {"network", required_argument, NULL, OPT_NETWORK},
    {"net", required_argument, NULL, OPT_NETWORK},
    {"ip", required_argument, NULL, OPT_IP},
    {"platform", required_argument, NULL, OPT_PLATFORM},
    {"machine", required_argument, NULL, OPT_MACHINE},
    {"no-jit", no_argument, NULL, OPT_NO_JIT},
    {"interactive", no_argument, NULL, 'i'},
    {"tty", no_argument, NULL, 't'},
    {"stats", no_argument, NULL, OPT_STATS},
    {"entrypoint", required_argument, NULL, OPT_ENTRYPOINT},
    {"user", required_argument, NULL, 'u'},
    {"stop-signal", required_argument, NULL, OPT_STOP_SIGNAL},
    {"core", required_argument, NULL, OPT_CORE},
    {"core-size", required_argument, NULL, OPT_CORE_SIZE},
    {"vcpus", required_argument, NULL, OPT_VCPUS},
    {"gdb", required_argument, NULL, OPT_GDB},
    {"publish-all", no_argument, NULL, 'P'},
    {NULL, 0, NULL, 0},
};

static int set_name(struct spec *spec, const char *name, struct err *err)
{
    if (!inst_name_valid(name)) {
        return err_set(err, ERR_TOOL,
                       "--name %s: not a name (use letters, digits, _ . -, "
                       "and begin with a letter or digit)",
                       name);
    }
    spec->name = name;
    return 0;
}

static int set_cwd(struct spec *spec, const char *dir, struct err *err)
{
    if (dir[0] != '/') {
        return err_set(err, ERR_TOOL, "-w %s: not an absolute path", dir);
    }
    spec->cwd = dir;
    return 0;
}

static int set_stop_signal(struct spec *spec, const char *text, struct err *err)
{
    spec->stop_signal = signal_parse(text);
    if (spec->stop_signal > 0) {
        return 0;
    }
    return err_set(err, ERR_TOOL,
                   "--stop-signal %s: unknown signal (for example TERM, QUIT "
                   "or 9)",
                   text);
}

static int set_option(struct spec *spec, int code, struct err *err)
{
    switch (code) {
    case OPT_NAME:
        return set_name(spec, optarg, err);
    case 'e':
        return spec_add_env(spec, optarg, err);
    case 'p':
        return spec_add_port(spec, optarg, err);
    case 'v':
        return spec_add_volume(spec, optarg, err);
    case OPT_MOUNT:
        return spec_add_mount(spec, optarg, err);
    case 'm':
        return spec_set_mem(spec, optarg, err);
    case OPT_VCPUS:
        return spec_set_vcpus(spec, optarg, err);
    case OPT_CORE:
        return spec_set_core(spec, optarg, err);
    case OPT_CORE_SIZE:
        return spec_set_core_size(spec, optarg, err);
    case OPT_GDB:
        return spec_set_gdb(spec, optarg, err);
    case 'w':
        return set_cwd(spec, optarg, err);
    case OPT_NETWORK:
        return spec_set_network(spec, optarg, err);
    case OPT_IP:
        return spec_set_ip(spec, optarg, err);
    case OPT_PLATFORM:
        return spec_set_platform(spec, optarg, err);
    case OPT_MACHINE:
        return spec_set_machine(spec, optarg, err);
    case OPT_ENTRYPOINT:
        spec->entrypoint = optarg;
        return 0;
    case OPT_STOP_SIGNAL:
        return set_stop_signal(spec, optarg, err);
    case 'u':
        spec->user = optarg;
        return 0;
    default:
        break;
    }
    spec->detach |= code == 'd';
    spec->remove |= code == OPT_RM;
    spec->no_jit |= code == OPT_NO_JIT;
    spec->interactive |= code == 'i';
    spec->tty |= code == 't';
    spec->stats |= code == OPT_STATS;
    spec->publish_all |= code == 'P';
    return 0;
}

static int open_trace(struct spec *spec, const char *path, struct err *err)
{
    spec->trace_fd =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (spec->trace_fd < 0) {
        return err_set(err, ERR_TOOL, "-o %s: %m", path);
    }
    return 0;
}

static int run_as(struct context *ctx, struct spec *spec, int argc, char **argv)
{
    const char *letters =
        spec->trace ? "+:de:p:v:m:w:u:Pito:" : "+:de:p:v:m:w:u:Pit";
    const char *file = NULL;
    int code;

    opterr = 0;
    while ((code = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        if (code == '?' || code == ':') {
            return bad_option(ctx, argc, argv, code);
        }
        if (code == 'o') {
            file = optarg;
        } else if (set_option(spec, code, &ctx->err) < 0) {
            return -1;
        }
    }
    if (optind == argc || argv[optind][0] == '\0') {
        return err_set(&ctx->err, ERR_TOOL,
                       "%s: which program? (einkorn %s [OPTION...] "
                       "ELF|DIRECTORY|IMAGE [COMMAND [ARG...]])",
                       argv[0], argv[0]);
    }
    if (file != NULL && spec->tty) {
        return err_set(&ctx->err, ERR_TOOL,
                       "-o %s: not with -t, where all output is one stream",
                       file);
    }
    if (file != NULL && open_trace(spec, file, &ctx->err) < 0) {
        return -1;
    }
    if (spec->machine != MACHINE_DEFAULT && spec->platform != PLATFORM_QEMU) {
        return err_set(&ctx->err, ERR_TOOL,
                       "--machine: only QEMU has several (use it with "
                       "--platform qemu)");
    }
    spec->target = argv[optind];
    spec->command = argv + optind + 1;
    spec->nr_command = argc - optind - 1;
    return run_instance(&ctx->dirs, spec, &ctx->err);
}

static struct spec the_spec;

int verb_run(struct context *ctx, int argc, char **argv)
{
    return run_as(ctx, &the_spec, argc, argv);
}

int verb_trace(struct context *ctx, int argc, char **argv)
{
    the_spec.trace = true;
    return run_as(ctx, &the_spec, argc, argv);
}
