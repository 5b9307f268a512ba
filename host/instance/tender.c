/* SPDX-License-Identifier: BSD-2-Clause */
/* The hand-over to einkorn-proc: see tender.h and abi/handover.h. */
#include "host/instance/tender.h"

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/handover.h"
#include "host/instance/args.h"
#include "host/instance/cage.h"
#include "host/instance/launch.h"
#include "host/instance/memfile.h"
#include "host/instance/processor.h"

enum { ENV_MAX = 255, ENV_BYTES_MAX = 64 * 1024 };

static void add_network(struct args *args, struct launch *launch,
                        const struct network *net)
{
    const uint8_t *m = net->mac;

    if (net->dev_fd < 0) {
        return;
    }
    args_add(args, HANDOVER_KEY_NET "%s,%d,%02x:%02x:%02x:%02x:%02x:%02x,%u",
             net->kind == NETWORK_USER ? "stream" : "tap",
             launch_keep(launch, net->dev_fd), m[0], m[1], m[2], m[3], m[4],
             m[5], net->mtu);
}

/* Root enters the pinned namespaces; others make a user namespace and leave
 * the rest to the tender. */
static void add_namespaces(struct args *args, struct launch *launch,
                           const char *run_dir)
{
    struct err ignored = {0};
    struct cage cage;

    if (geteuid() != 0) {
        launch->namespaces = CLONE_NEWUSER | CLONE_NEWPID;
        args_add(args, HANDOVER_KEY_UID "0");
        args_add(args, HANDOVER_KEY_GID "0");
        return;
    }
    launch->namespaces = CLONE_NEWPID;
    if (cage_open(&cage, run_dir, &ignored) < 0) {
        return; /* `einkorn info` says so */
    }
    launch->enter_fds[0] = cage.ipc_fd;
    launch->enter_fds[1] = cage.uts_fd;
    args_add(args, HANDOVER_KEY_NETNS "%d", launch_keep(launch, cage.net_fd));
    args_add(args, HANDOVER_KEY_MNTNS "%d", launch_keep(launch, cage.mnt_fd));
    args_add(args, HANDOVER_KEY_UNSHARE "0");
}

static void add_files(struct args *args, struct launch *launch,
                      const struct tender *t, int config_fd)
{
    const struct image *image = t->plan->image;

    args_add(args, HANDOVER_KEY_KERNEL "%s/kernel.elf", t->dirs->libexec);
    args_add(args, HANDOVER_KEY_IMAGE "@%d",
             launch_keep(launch, image->image_fd));
    args_add(args, HANDOVER_KEY_SIDECAR "@%d",
             launch_keep(launch, image->sidecar_fd));
    if (config_fd >= 0) {
        args_add(args, HANDOVER_KEY_CONFIG "@%d",
                 launch_keep(launch, config_fd));
    } else {
        args_add(args, HANDOVER_KEY_ENV "1");
    }
    for (int i = 0; i < t->plan->spec->nr_disks; i++) {
        const struct disk *d = &t->plan->spec->disks[i];

        args_add(args, HANDOVER_KEY_BLK "%d%s", launch_keep(launch, d->fd),
                 d->read_only ? ",ro" : "");
    }
    if (t->core_fd >= 0) {
        args_add(args, HANDOVER_KEY_BLK "%d", launch_keep(launch, t->core_fd));
    }
    for (int i = 0; i < t->nr_chans; i++) {
        args_add(args, HANDOVER_KEY_CHAN "%d",
                 launch_keep(launch, t->chan_fds[i]));
    }
}

static void add_settings(struct args *args, const struct tender *t,
                         const struct processor *processor)
{
    const struct spec *spec = t->plan->spec;

    if (spec->mem_bytes != 0) {
        args_add(args, HANDOVER_KEY_MEM "%" PRIu64, spec->mem_bytes);
    }
    if (spec->vcpus > 1) {
        args_add(args, HANDOVER_KEY_VCPUS "%u", spec->vcpus);
    }
    args_add(args, HANDOVER_KEY_TSC_HZ "%" PRIu64, processor->tsc_hz);
    args_add(args, HANDOVER_KEY_JIT "%d", !spec->no_jit);
    args_add(args, HANDOVER_KEY_STDIN "%d", spec->interactive);
    args_add(args, HANDOVER_KEY_TTY "%d", spec->tty);
    args_add(args, HANDOVER_KEY_STATS "%d", spec->stats);
}

/* Inside containers namespaces are often refused: go on with what is left. */
static pid_t start_degrading(struct launch *launch, struct err *err)
{
    struct err first = {0};
    pid_t pid = launch_start(launch, &first);

    if (pid > 0 || launch->namespaces == 0) {
        *err = pid > 0 ? *err : first;
        return pid;
    }
    launch->namespaces = 0;
    return launch_start(launch, err);
}

/* The strings as an environment, if an execve(2) can carry them: each one at
 * most 128 KiB, all together not more than fits any stack limit. */
static bool as_environment(const struct tender *t, char *envp[ENV_MAX + 1])
{
    const char *at = t->config;
    int nr = 0;

    if (t->config_len > ENV_BYTES_MAX) {
        return false;
    }
    for (; *at != '\0'; at += strlen(at) + 1) {
        if (nr == ENV_MAX) {
            return false;
        }
        envp[nr++] = (char *)(uintptr_t)at;
    }
    envp[nr] = NULL;
    return true;
}

static int as_file(const struct tender *t, struct err *err)
{
    int fd = memfile_new("config", err);

    if (fd >= 0 && memfile_write(fd, t->config, t->config_len, 0, err) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

pid_t tender_start(const struct tender *t, struct err *err)
{
    static char *no_env[] = {NULL};
    static char *envp[ENV_MAX + 1];
    static struct args args;
    struct processor processor;
    struct launch launch;
    pid_t pid;
    int config_fd = -1;

    launch_init(&launch);
    launch.envp = as_environment(t, envp) ? envp : no_env;
    if (launch.envp == no_env && (config_fd = as_file(t, err)) < 0) {
        return -1;
    }
    args_init(&args);
    args_add(&args, "%s/einkorn-proc", t->dirs->libexec);
    add_files(&args, &launch, t, config_fd);
    add_network(&args, &launch, t->plan->net);
    add_namespaces(&args, &launch, t->dirs->run);
    processor_know(t->dirs->run, &processor);
    add_settings(&args, t, &processor);
    args_add(&args, HANDOVER_KEY_SET "processor=%" PRIu64, processor.number);
    launch.path = args.argv[0];
    launch.argv = args.argv;
    memcpy(launch.stdio, t->stdio, sizeof(launch.stdio));
    launch.cgroup_fd = t->cgroup->procs_fd;
    launch.alive_fd = t->alive_fd;
    launch.own_session = t->plan->spec->tty;
    launch.own_terminal = t->plan->spec->tty;
    pid = start_degrading(&launch, err);
    if (config_fd >= 0) {
        close(config_fd);
    }
    return pid;
}

/* ---- einkorn-kvm ---- */

static pid_t start_machine(const struct tender *t, int config_fd, int ctl_fd,
                           struct err *err)
{
    static char *no_env[] = {NULL};
    char path[DIR_MAX + 32];
    struct processor processor;
    struct launch launch;
    struct args args;

    args_init(&args);
    launch_init(&launch);
    args_add(&args, "einkorn-kvm");
    args_add(&args, "shim=%s/einkorn-vm.elf", t->dirs->libexec);
    args_add(&args, "ctl=%d", launch_keep(&launch, ctl_fd));
    add_files(&args, &launch, t, config_fd);
    add_network(&args, &launch, t->plan->net);
    processor_know(t->dirs->run, &processor);
    add_settings(&args, t, &processor);
    if (t->gdb_fd >= 0) {
        args_add(&args, "gdb=@%d", launch_keep(&launch, t->gdb_fd));
        args_add(&args, "gdb_wait=%d", t->plan->spec->gdb_port != 0);
    }
    snprintf(path, sizeof(path), "%s/einkorn-kvm", t->dirs->libexec);
    launch.path = path;
    launch.argv = args.argv;
    launch.envp = no_env;
    memcpy(launch.stdio, t->stdio, sizeof(launch.stdio));
    launch.cgroup_fd = t->cgroup->procs_fd;
    launch.alive_fd = t->alive_fd;
    launch.own_session = true; /* a terminal's signals come through us */
    return launch_start(&launch, err);
}

pid_t kvm_start(const struct tender *t, int *ctl_fd, struct err *err)
{
    int config_fd = memfile_new("config", err), ctl[2];
    pid_t pid = -1;

    if (config_fd < 0) {
        return -1;
    }
    if (memfile_write(config_fd, t->config, t->config_len, 0, err) < 0) {
        close(config_fd);
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ctl) < 0) {
        err_set(err, ERR_TOOL, "control line: %m");
    } else {
        pid = start_machine(t, config_fd, ctl[1], err);
        close(ctl[1]);
        *ctl_fd = ctl[0];
    }
    if (pid < 0 && *ctl_fd >= 0) {
        close(*ctl_fd);
        *ctl_fd = -1;
    }
    close(config_fd);
    return pid;
}
