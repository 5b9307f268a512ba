/* SPDX-License-Identifier: BSD-2-Clause */
/* einkorn info: where things are, and what this host allows. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/einkorn/verbs.h"
#include "host/instance/cage.h"
#include "host/instance/cgroup.h"
#include "host/instance/kvm_probe.h"
#include "host/instance/processor.h"
#include "host/network/network.h"
#include "host/network/passt.h"

static void say(const char *what, const char *value)
{
    printf("%-14s %s\n", what, value);
}

static void say_cage(const char *run_dir)
{
    struct err err = {0};
    struct store store;
    struct cage cage;

    if (geteuid() != 0) {
        say("namespaces:", "a user namespace for each instance (not root)");
    } else if (store_open(&store, run_dir, &err) < 0 ||
               cage_open(&cage, run_dir, &err) < 0) {
        say("namespaces:", err.text);
    } else {
        say("namespaces:", "pinned network, mount, ipc and uts; own pid");
    }
}

static void say_network(void)
{
    static const char *const names[] = {"", "none", "bridge", "user (passt)"};
    const char *note;

    say("network:", names[network_choose(&note)]);
    if (note != NULL) {
        say("", note);
    }
    if (access("/usr/sbin/nft", X_OK) != 0) {
        say("", "nft is missing: a bridge has no NAT and no published ports");
    }
}

static void say_kvm(const struct dirs *dirs)
{
    char answer[BOOT_CACHE_MAX];

    kvm_probe(dirs, answer);
    say("kvm:", answer);
    say("", strncmp(answer, "fast: ", 6) == 0
                ? "so --platform auto is kvm (proc with -t)"
                : "so --platform auto is proc");
}

static void say_program(const struct dirs *dirs, const char *name)
{
    char path[DIR_MAX + 32];

    snprintf(path, sizeof(path), "%s/%s", dirs->libexec, name);
    printf("%-14s %s%s\n", "", path,
           access(path, R_OK) == 0 ? "" : " (missing)");
}

int verb_info(struct context *ctx, int argc, char **argv)
{
    static const char *const programs[] = {"kernel.elf", "einkorn-proc",
                                           "einkorn-vm.elf", "einkorn-kvm",
                                           "einkorn-image"};
    struct processor processor;
    char hz[32];

    (void)argc;
    (void)argv;
    say("data:", ctx->dirs.data);
    say("run:", ctx->dirs.run);
    say("programs:", ctx->dirs.libexec);
    for (int i = 0; i < 5; i++) {
        say_program(&ctx->dirs, programs[i]);
    }
    say_cage(ctx->dirs.run);
    say_network();
    processor_know(ctx->dirs.run, &processor);
    snprintf(hz, sizeof(hz), "%llu Hz", (unsigned long long)processor.tsc_hz);
    say("time stamps:", hz);
    say_kvm(&ctx->dirs);
    say("qemu:", access("/usr/bin/qemu-system-x86_64", X_OK) == 0
                     ? "/usr/bin/qemu-system-x86_64"
                     : "missing (apt-get install qemu-system-x86)");
    return 0;
}
