/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * einkorn-image: makes the entries of the image cache. `einkorn run` starts
 * it when it finds none or a stale one. Options and files:
 * docs/image-cache.md.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/common/strings.h"
#include "host/common/xalloc.h"
#include "host/oci/import.h"
#include "host/record/record.h"

static const char usage[] =
    "usage: einkorn-image build [-v] [--json] -o CACHEDIR PATH\n"
    "       einkorn-image record [-v] -o CACHEDIR < REQUEST\n"
    "Make the boot image and the patched text of a program, a directory or a\n"
    "container image (oci:DIR[:TAG], oci-archive:FILE[:TAG],\n"
    "docker-archive:FILE[:TAG]).\n"
    "  -o, --output CACHEDIR  where to put them (made if it is missing)\n"
    "  -v, --verbose          say what was taken and what was patched\n"
    "      --json             print one JSON object about the result\n"
    "  -h, --help             this text\n";

struct options {
    const char *path, *cache_dir;
    bool verbose, json;
};

static int bad_usage(const char *why)
{
    fprintf(stderr, "einkorn-image: %s\n%s", why, usage);
    return ERR_TOOL;
}

static void print_json_string(const char *s)
{
    putchar('"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            printf("\\u%04x", (unsigned)*s);
        else
            putchar(*s);
    }
    putchar('"');
}

static void print_json(const struct build_report *r)
{
    const struct output *o = &r->output;

    printf("{\"source\":");
    print_json_string(r->source);
    printf(",\"kind\":\"%s\",\"digest\":\"%s\",\"inputs\":\"%s\","
           "\"image_bytes\":%" PRIu64 ",\"sidecar_bytes\":%" PRIu64
           ",\"sites\":%" PRIu64 ",\"patched\":%" PRIu64 "}\n",
           image_kind_name(r->kind), o->digest, o->inputs, o->image_bytes,
           o->sidecar_bytes, o->patch.sites, o->patch.by_verdict[PATCH_DONE]);
}

static void print_report(const struct build_report *r)
{
    const struct output *o = &r->output;

    fprintf(stderr, "image %s.erofs: %" PRIu64 " KiB, %zu names\n", o->digest,
            o->image_bytes / 1024, r->nr_nodes);
    fprintf(stderr,
            "sidecar: %" PRIu64 " KiB, %" PRIu64 " of %" PRIu64
            " sites patched\n",
            o->sidecar_bytes / 1024, o->patch.by_verdict[PATCH_DONE],
            o->patch.sites);
    fprintf(stderr, "inputs: %zu, libraries: %zu, packages:", r->nr_inputs,
            r->closure.nr_libraries);
    for (size_t i = 0; i < r->closure.nr_packages; i++)
        fprintf(stderr, " %s", r->closure.packages[i]);
    fprintf(stderr,
            "\ntime: look %.1f ms, write %.1f ms, patch %.1f ms, publish "
            "%.1f ms\n",
            (double)r->scan_ns / 1e6, (double)o->write_ns / 1e6,
            (double)o->patch_ns / 1e6, (double)o->publish_ns / 1e6);
}

static int build_entry(const struct options *o, struct build_report *report,
                       struct err *err)
{
    FILE *verbose = o->verbose ? stderr : NULL;
    struct image_ref ref;
    int ret = image_ref_parse(o->path, &ref, err);

    *report = (struct build_report){0};
    if (ret < 0)
        return -1;
    if (ret > 0)
        return import_image(&ref, o->cache_dir, report, verbose, err);
    return build_image(o->path, o->cache_dir, report, verbose, err);
}

static int build(const struct options *o)
{
    struct build_report report;
    struct err err = {0};
    int ret = build_entry(o, &report, &err);

    if (ret < 0) {
        err_print("einkorn", &err);
    } else {
        if (o->verbose)
            print_report(&report);
        if (o->json)
            print_json(&report);
    }
    build_report_free(&report);
    return ret < 0 ? err.status : 0;
}

enum { REQUEST_MAX = 2 << 20 };

/* What to run is a block of strings on standard input. */
static int record(const struct options *o)
{
    char *request = xmalloc(REQUEST_MAX);
    struct err err = {0};
    size_t len = fread(request, 1, REQUEST_MAX, stdin);

    if (len < 2 || !strings_valid(request, len))
        err_set(&err, ERR_TOOL, "record: standard input has no request");
    else
        record_entry(request, o->cache_dir, o->verbose ? stderr : NULL, &err);
    if (err.status != 0)
        err_print("einkorn", &err);
    free(request);
    return err.status;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"output", required_argument, NULL, 'o'},
        {"verbose", no_argument, NULL, 'v'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct options o = {0};
    int c;

    while ((c = getopt_long(argc, argv, "o:vh", longs, NULL)) != -1) {
        switch (c) {
        case 'o':
            o.cache_dir = optarg;
            break;
        case 'v':
            o.verbose = true;
            break;
        case 'j':
            o.json = true;
            break;
        case 'h':
            fputs(usage, stdout);
            return 0;
        default:
            fputs(usage, stderr);
            return ERR_TOOL;
        }
    }
    if (optind + 1 == argc && strcmp(argv[optind], "record") == 0 &&
        o.cache_dir)
        return record(&o);
    if (optind >= argc || strcmp(argv[optind], "build") != 0)
        return bad_usage("the command `build` or `record` is missing");
    if (optind + 2 != argc)
        return bad_usage("exactly one PATH is needed");
    if (!o.cache_dir)
        return bad_usage("-o CACHEDIR is needed");
    o.path = argv[optind + 1];
    return build(&o);
}
