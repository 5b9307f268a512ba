/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line for QEMU: see qemu.h. */
#include "host/instance/qemu.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/instance/args.h"
#include "host/instance/bundle.h"
#include "host/instance/launch.h"
#include "host/instance/memfile.h"

#define QEMU "/usr/bin/qemu-system-x86_64"
#define DEFAULT_MEM_BYTES (UINT64_C(256) << 20)

/* ---- the command line ---- */

/* What differs from machine to machine. */
static const struct machine {
    const char *name, *bus, *err_port;
} machines[] = {
    [MACHINE_DEFAULT] = {"microvm,acpi=off,x-option-roms=off", "device",
                         "0x402"},
    [MACHINE_MICROVM] = {"microvm,acpi=off,x-option-roms=off", "device",
                         "0x402"},
    /* The firmware writes to 0x402. */
    [MACHINE_Q35] = {"q35", "pci", "0x405"},
};

static const struct machine *machine_of(const struct tender *t)
{
    return &machines[t->plan->spec->machine];
}

/* Starts the value of a -device: "NAME-device" or "NAME-pci". */
static void add_device(struct args *args, const struct tender *t,
                       const char *name, const char *format, ...)
{
    char options[256];
    va_list ap;

    va_start(ap, format);
    vsnprintf(options, sizeof(options), format, ap);
    va_end(ap);
    args_add(args, "-device");
    args_add(args, "%s-%s%s", name, machine_of(t)->bus, options);
}

static void add_machine(struct args *args, const struct tender *t,
                        uint64_t bundle_len)
{
    uint64_t mem = t->plan->spec->mem_bytes;

    /* The module lies in the guest's memory, beside what was asked for. */
    mem = (mem != 0 ? mem : DEFAULT_MEM_BYTES) + bundle_len;
    args_add_all(args, "qemu-system-x86_64", "-nodefaults", "-no-user-config",
                 "-no-reboot", "-display", "none", "-accel", "tcg", "-cpu",
                 "max", "-sandbox",
                 "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
                 "resourcecontrol=deny",
                 "-global", "virtio-mmio.force-legacy=false", "-M",
                 machine_of(t)->name, (char *)NULL);
    add_device(args, t, "virtio-rng", "");
    args_add(args, "-m");
    args_add(args, "%" PRIu64 "M", (mem + (1u << 20) - 1) >> 20);
    if (t->plan->spec->vcpus > 1) {
        args_add(args, "-smp");
        args_add(args, "%u", t->plan->spec->vcpus);
    }
}

static void add_lines(struct args *args, const struct tender *t, int ctl_fd)
{
    args_add_all(
        args, "-chardev",
        t->plan->spec->interactive ? "stdio,id=out,signal=off"
                                   : "file,id=out,path=/dev/fd/1,append=on",
        "-serial", "chardev:out", "-chardev",
        "file,id=err,path=/dev/fd/2,append=on", "-device",
        "isa-serial,index=1,chardev=ctl", "-device",
        "isa-debug-exit,iobase=0xf4,iosize=4", "-device", (char *)NULL);
    args_add(args, "isa-debugcon,iobase=%s,readback=0x65,chardev=err",
             machine_of(t)->err_port);
    args_add(args, "-chardev");
    args_add(args, "socket,id=ctl,fd=%d", ctl_fd);
}

/* With a port the machine waits for gdb before its first instruction. */
static void add_gdb(struct args *args, struct launch *launch,
                    const struct tender *t)
{
    if (t->gdb_fd < 0) {
        return;
    }
    args_add(args, "-chardev");
    args_add(args, "socket,id=gdb,fd=%d,server=on,wait=off",
             launch_keep(launch, t->gdb_fd));
    args_add_all(args, "-gdb", "chardev:gdb", (char *)NULL);
    if (t->plan->spec->gdb_port != 0) {
        args_add(args, "-S");
    }
}

static void add_network(struct args *args, const struct tender *t)
{
    const struct network *net = t->plan->net;
    const uint8_t *m = net->mac;

    if (net->dev_fd < 0) {
        return;
    }
    args_add(args, "-netdev");
    if (net->kind == NETWORK_USER) {
        args_add(args, "stream,id=n0,server=off,addr.type=fd,addr.str=%d",
                 net->dev_fd);
    } else {
        args_add(args, "tap,id=n0,fd=%d", net->dev_fd);
    }
    add_device(args, t, "virtio-net",
               ",netdev=n0,mac=%02x:%02x:%02x:%02x:%02x:%02x%s", m[0], m[1],
               m[2], m[3], m[4], m[5],
               t->plan->spec->machine == MACHINE_Q35 ? ",romfile=" : "");
}

/* QEMU's own 9P server. A comma in a value is doubled. */
static void add_volumes(struct args *args, const struct tender *t)
{
    const struct spec *spec = t->plan->spec;

    for (int i = 0; i < spec->nr_volumes; i++) {
        char path[DIR_MAX];
        size_t len = 0;

        for (const char *p = spec->volumes[i].host;
             *p != '\0' && len < sizeof(path) - 2; p++) {
            path[len++] = *p;
            if (*p == ',') {
                path[len++] = ',';
            }
        }
        path[len] = '\0';
        args_add(args, "-fsdev");
        args_add(args, "local,id=v%d,security_model=none%s,path=%s", i,
                 spec->volumes[i].read_only ? ",readonly=on" : "", path);
        add_device(args, t, "virtio-9p", ",fsdev=v%d,mount_tag=v%d", i, i);
    }
}

static void add_disk(struct args *args, const struct tender *t, int i, int fd,
                     bool read_only)
{
    args_add(args, "-add-fd");
    args_add(args, "fd=%d,set=%d", fd, i + 1);
    args_add(args, "-drive");
    args_add(args,
             "if=none,id=d%d,format=raw,auto-read-only=off,"
             "file=/dev/fdset/%d%s",
             i, i + 1, read_only ? ",readonly=on" : "");
    add_device(args, t, "virtio-blk", ",drive=d%d", i);
}

/* Disks by the descriptors that hold their locks, in the order that the guest
 * finds them in; the one for a core file is the last. */
static void add_disks(struct args *args, const struct tender *t,
                      struct launch *launch)
{
    int nr = t->plan->spec->nr_disks;

    for (int i = 0; i < nr; i++) {
        const struct disk *d = &t->plan->spec->disks[i];

        add_disk(args, t, i, launch_keep(launch, d->fd), d->read_only);
    }
    if (t->core_fd >= 0) {
        add_disk(args, t, nr, launch_keep(launch, t->core_fd), false);
    }
}

static pid_t start(const struct tender *t, int bundle_fd, uint64_t bundle_len,
                   int ctl_fd, struct err *err)
{
    static char *no_env[] = {NULL};
    struct launch launch;
    struct args args;

    args_init(&args);
    launch_init(&launch);
    add_machine(&args, t, bundle_len);
    args_add(&args, "-kernel");
    args_add(&args, "%s/einkorn-vm.elf", t->dirs->libexec);
    args_add(&args, "-initrd");
    args_add(&args, "/proc/self/fd/%d", bundle_fd);
    add_lines(&args, t, ctl_fd);
    add_network(&args, t);
    add_volumes(&args, t);
    add_disks(&args, t, &launch);
    add_gdb(&args, &launch, t);
    launch.path = QEMU;
    launch.argv = args.argv;
    launch.envp = no_env;
    memcpy(launch.stdio, t->stdio, sizeof(launch.stdio));
    launch.cgroup_fd = t->cgroup->procs_fd;
    launch.alive_fd = t->alive_fd;
    launch.own_session = true; /* a terminal's signals come through us */
    launch_keep(&launch, bundle_fd);
    launch_keep(&launch, ctl_fd);
    if (t->plan->net->dev_fd >= 0) {
        launch_keep(&launch, t->plan->net->dev_fd);
    }
    return launch_start(&launch, err);
}

static int make_bundle(const struct tender *t, uint64_t *len_bytes,
                       struct err *err)
{
    const struct bundle bundle = {.dirs = t->dirs,
                                  .image = t->plan->image,
                                  .config = t->config,
                                  .config_len = t->config_len,
                                  .flags = bundle_flags(t->plan->spec),
                                  .for_one_start = true};
    int fd = memfile_new("bundle", err);
    int64_t len = fd < 0 ? -1 : bundle_write(&bundle, fd, err);

    if (len < 0 && fd >= 0) {
        close(fd);
        fd = -1;
    }
    *len_bytes = (uint64_t)len;
    return fd;
}

pid_t qemu_start(const struct tender *t, int *ctl_fd, struct err *err)
{
    uint64_t bundle_len = 0;
    int bundle_fd, ctl[2];
    pid_t pid;

    if (access(QEMU, X_OK) < 0) {
        return err_set(err, ERR_TOOL,
                       "--platform qemu: " QEMU ": %m (apt-get install "
                       "qemu-system-x86)");
    }
    bundle_fd = make_bundle(t, &bundle_len, err);
    if (bundle_fd < 0) {
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ctl) < 0) {
        close(bundle_fd);
        return err_set(err, ERR_TOOL, "control line: %m");
    }
    pid = start(t, bundle_fd, bundle_len, ctl[1], err);
    close(bundle_fd);
    close(ctl[1]);
    if (pid < 0) {
        close(ctl[0]);
        return -1;
    }
    *ctl_fd = ctl[0];
    return pid;
}

int qemu_exit_status(int ctl_fd)
{
    char text[256];
    ssize_t len = recv(ctl_fd, text, sizeof(text) - 1, MSG_DONTWAIT);
    const char *at;
    int status;

    if (len <= 0) {
        return -1;
    }
    text[len] = '\0';
    at = strstr(text, "exit ");
    if (at == NULL || sscanf(at, "exit %d", &status) != 1) {
        return -1;
    }
    return status & 255;
}
