/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: keys as in abi/handover.h, and docs/kvm.md's own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/handover.h"
#include "tender/kvm/monitor.h"

#define DEFAULT_MEM (UINT64_C(256) << 20)

static uint64_t number(const char *key, const char *text, uint64_t max)
{
    char *end;
    unsigned long long n;

    errno = 0;
    n = strtoull(text, &end, 10);
    if (end == text || *end || *text == '-' || errno || n > max)
        die("%s%s: not a number from 0 to %llu", key, text,
            (unsigned long long)max);
    return n;
}

static int descriptor(const char *key, const char *text)
{
    int fd = (int)number(key, text, 1 << 20);

    if (fcntl(fd, F_GETFD) < 0)
        die("%s%s: %m", key, text);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

int options_open(const char *what, const char *file)
{
    char key[32];
    int fd;

    snprintf(key, sizeof(key), "%s @", what);
    if (file[0] == '@')
        return descriptor(key, file + 1);
    fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        die("open %s %s: %m", what, file);
    return fd;
}

static void add_net(struct options *opt, const char *value)
{
    struct net_arg *net = &opt->nets[opt->nr_nets];
    char kind[8], end;
    unsigned int fd, m[6], mtu;

    if (opt->nr_nets == MAX_NICS)
        die("net=%s: more than %d network devices", value, MAX_NICS);
    if (sscanf(value, "%7[a-z],%u,%2x:%2x:%2x:%2x:%2x:%2x,%u%c", kind, &fd,
               &m[0], &m[1], &m[2], &m[3], &m[4], &m[5], &mtu, &end) != 9 ||
        mtu > 65535)
        die("net=%s: not KIND,FD,MAC,MTU", value);
    net->is_stream = !strcmp(kind, "stream");
    if (!net->is_stream && strcmp(kind, "tap") != 0)
        die("net=%s: the kind is neither tap nor stream", value);
    net->fd = (int)fd;
    if (fcntl(net->fd, F_SETFD, FD_CLOEXEC) < 0)
        die("net=%s: %m", value);
    for (int i = 0; i < 6; i++)
        net->mac[i] = (uint8_t)m[i];
    net->mtu = (uint16_t)mtu;
    opt->nr_nets++;
}

static void add_disk(struct options *opt, const char *value)
{
    const char *comma = strchr(value, ',');
    char fd[16] = "";

    if (opt->nr_disks == MAX_DISKS)
        die("blk=%s: more than %d block devices", value, MAX_DISKS);
    snprintf(fd, sizeof(fd), "%.*s",
             comma ? (int)(comma - value) : (int)strlen(value), value);
    opt->disks[opt->nr_disks].fd = descriptor(HANDOVER_KEY_BLK, fd);
    opt->disks[opt->nr_disks++].read_only = comma && !strcmp(comma, ",ro");
}

static void add_chan(struct options *opt, const char *value)
{
    if (opt->nr_chans == MAX_CHANS)
        die("chan=%s: more than %d host directories", value, MAX_CHANS);
    opt->chan_fds[opt->nr_chans++] = descriptor(HANDOVER_KEY_CHAN, value);
}

static void set_flag(struct options *opt, uint64_t flag, const char *value)
{
    if (number("", value, 1))
        opt->flags |= flag;
    else
        opt->flags &= ~flag;
}

static const char *after(const char *arg, const char *key)
{
    size_t len = strlen(key);

    return strncmp(arg, key, len) ? NULL : arg + len;
}

static bool parse_file(struct options *opt, const char *arg)
{
    const struct {
        const char *key, **to;
    } files[] = {
        {"shim=", &opt->shim},
        {HANDOVER_KEY_KERNEL, &opt->kernel},
        {HANDOVER_KEY_IMAGE, &opt->image},
        {HANDOVER_KEY_SIDECAR, &opt->sidecar},
        {HANDOVER_KEY_CONFIG, &opt->config},
    };
    const char *v;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if ((v = after(arg, files[i].key))) {
            *files[i].to = v;
            return true;
        }
    return false;
}

static bool parse_setting(struct options *opt, const char *arg)
{
    const char *v;

    if ((v = after(arg, HANDOVER_KEY_MEM)))
        opt->mem_bytes = number(HANDOVER_KEY_MEM, v, MEM_MAX);
    else if ((v = after(arg, HANDOVER_KEY_TSC_HZ)))
        opt->tsc_hz = number(HANDOVER_KEY_TSC_HZ, v, UINT64_MAX);
    else if ((v = after(arg, HANDOVER_KEY_UID)))
        opt->uid = (int)number(HANDOVER_KEY_UID, v, INT32_MAX);
    else if ((v = after(arg, HANDOVER_KEY_GID)))
        opt->gid = (int)number(HANDOVER_KEY_GID, v, INT32_MAX);
    else if ((v = after(arg, "gdb=")))
        opt->gdb = v;
    else if ((v = after(arg, HANDOVER_KEY_VCPUS)))
        opt->nr_vcpus = (uint32_t)number(HANDOVER_KEY_VCPUS, v, ABI_MAX_VCPU);
    else if ((v = after(arg, "ctl=")))
        opt->ctl_fd = descriptor("ctl=", v);
    else
        return false;
    return true;
}

static bool parse_flag(struct options *opt, const char *arg)
{
    const char *v;

    if ((v = after(arg, HANDOVER_KEY_JIT)))
        set_flag(opt, ABI_BOOT_JIT, v);
    else if ((v = after(arg, HANDOVER_KEY_STDIN)))
        set_flag(opt, ABI_BOOT_STDIN, v);
    else if ((v = after(arg, HANDOVER_KEY_TTY)))
        set_flag(opt, ABI_BOOT_TTY, v);
    else if ((v = after(arg, HANDOVER_KEY_STATS)))
        set_flag(opt, ABI_BOOT_STATS, v);
    else if ((v = after(arg, HANDOVER_KEY_VERBOSE)))
        opt->verbose = number(HANDOVER_KEY_VERBOSE, v, 1);
    else if ((v = after(arg, "gdb_wait=")))
        opt->gdb_wait = number("gdb_wait=", v, 1);
    else if ((v = after(arg, "rng=")))
        opt->rng = number("rng=", v, 1);
    else if ((v = after(arg, "virtio_console=")))
        opt->virtio_console = number("virtio_console=", v, 1);
    else if ((v = after(arg, "eventfd=")))
        opt->no_eventfd = !number("eventfd=", v, 1);
    else if ((v = after(arg, "kvm_clock=")))
        opt->kvm_clock = number("kvm_clock=", v, 1);
    else
        return false;
    return true;
}

static bool parse_device(struct options *opt, const char *arg)
{
    const char *v;

    if ((v = after(arg, HANDOVER_KEY_NET)))
        add_net(opt, v);
    else if ((v = after(arg, HANDOVER_KEY_BLK)))
        add_disk(opt, v);
    else if ((v = after(arg, HANDOVER_KEY_CHAN)))
        add_chan(opt, v);
    else
        return false;
    return true;
}

void options_parse(struct options *opt, char **argv)
{
    *opt = (struct options){.mem_bytes = DEFAULT_MEM,
                            .nr_vcpus = 1,
                            .flags = ABI_BOOT_JIT,
                            .ctl_fd = -1,
                            .uid = -1,
                            .gid = -1};
    for (argv++; *argv; argv++) {
        if (!strcmp(*argv, "--probe"))
            opt->probe = true;
        else if (!parse_file(opt, *argv) && !parse_setting(opt, *argv) &&
                 !parse_flag(opt, *argv) && !parse_device(opt, *argv))
            die("%s: unknown argument (docs/kvm.md)", *argv);
    }
    if (!opt->probe && (!opt->shim || !opt->kernel))
        die("shim=FILE and kernel=FILE are needed (docs/kvm.md)");
    if (opt->mem_bytes % 4096 || opt->mem_bytes < (UINT64_C(4) << 20))
        die("mem=: at least 4 MiB, in whole pages");
    if (!opt->nr_vcpus)
        die(HANDOVER_KEY_VCPUS "0: at least one virtual CPU");
}
