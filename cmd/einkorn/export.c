/* SPDX-License-Identifier: BSD-2-Clause */
/* `einkorn export`: options. */
#include <getopt.h>
#include <string.h>

#include "cmd/einkorn/verbs.h"
#include "host/disk/disk.h"
#include "host/export/export.h"

enum {
    OPT_FORMAT = 256,
    OPT_IP,
    OPT_DATA,
    OPT_ENTRYPOINT,
    OPT_NO_JIT,
    OPT_STATS,
};

static const struct option options[] = {
    {"output", required_argument, NULL, 'o'},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"ip", required_argument, NULL, OPT_IP},
    {"data", required_argument, NULL, OPT_DATA},
    {"env", required_argument, NULL, 'e'},
    {"workdir", required_argument, NULL, 'w'},
    {"entrypoint", required_argument, NULL, OPT_ENTRYPOINT},
    {"user", required_argument, NULL, 'u'},
    {"no-jit", no_argument, NULL, OPT_NO_JIT},
    {"stats", no_argument, NULL, OPT_STATS},
    {NULL, 0, NULL, 0},
};

/* SIZE[:TARGET]; cut in place. */
static int set_data(struct export *export, char *value, struct err *err)
{
    char *colon = strchr(value, ':');

    export->data_target = "/data";
    if (colon != NULL) {
        *colon = '\0';
        export->data_target = colon + 1;
    }
    if (spec_size(value, &export->data_bytes) == 0 &&
        export->data_bytes >= DISK_MIN_BYTES && export->data_target[0] == '/' &&
        strchr(export->data_target, ':') == NULL) {
        return 0;
    }
    return err_set(err, ERR_TOOL,
                   "--data %s%s%s: not understood (use SIZE[:/PLACE], at least "
                   "8m, for example 1g:/data)",
                   value, colon != NULL ? ":" : "",
                   colon != NULL ? colon + 1 : "");
}

static int set_option(struct spec *spec, struct export *export, int code,
                      struct err *err)
{
    switch (code) {
    case 'o':
        export->file = optarg;
        break;
    case OPT_FORMAT:
        export->format = optarg;
        break;
    case OPT_IP:
        export->ip = optarg;
        break;
    case OPT_DATA:
        return set_data(export, optarg, err);
    case 'e':
        return spec_add_env(spec, optarg, err);
    case 'w':
        spec->cwd = optarg;
        if (optarg[0] != '/') {
            return err_set(err, ERR_TOOL, "-w %s: not an absolute path",
                           optarg);
        }
        break;
    case OPT_ENTRYPOINT:
        spec->entrypoint = optarg;
        break;
    case 'u':
        spec->user = optarg;
        break;
    case OPT_NO_JIT:
        spec->no_jit = true;
        break;
    default:
        spec->stats = true;
        break;
    }
    return 0;
}

int verb_export(struct context *ctx, int argc, char **argv)
{
    static struct spec spec;
    struct export export = {.format = "raw", .ip = "dhcp"};
    int code;

    opterr = 0;
    while ((code = getopt_long(argc, argv, "+:o:e:w:u:", options, NULL)) !=
           -1) {
        if (code == '?' || code == ':') {
            return bad_option(ctx, argc, argv, code);
        }
        if (set_option(&spec, &export, code, &ctx->err) < 0) {
            return -1;
        }
    }
    if (export_check(&export, &ctx->err) < 0) {
        return -1;
    }
    if (optind == argc || argv[optind][0] == '\0') {
        return err_set(&ctx->err, ERR_TOOL,
                       "export: which program? (einkorn export -o FILE "
                       "ELF|DIRECTORY|IMAGE [COMMAND [ARG...]])");
    }
    spec.target = argv[optind];
    spec.command = argv + optind + 1;
    spec.nr_command = argc - optind - 1;
    return export_image(&ctx->dirs, &spec, &export, &ctx->err);
}
