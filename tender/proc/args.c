/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line; its grammar is in abi/handover.h. */
#include "abi/handover.h"
#include "lib/mac.h"
#include "lib/string.h"
#include "tender/common/say.h"
#include "tender/common/sys.h"
#include "tender/proc/launch.h"

#include <linux/fcntl.h>

static uint64_t number(const char *key, const char *text, uint64_t max)
{
    const char *end;
    uint64_t n = str_to_u64(text, &end);

    if (end == text || *end || n > max)
        die("%s%s: not a number from 0 to %llu", key, text,
            (unsigned long long)max);
    return n;
}

static int32_t descriptor(const char *key, const char *text)
{
    int32_t fd = (int32_t)number(key, text, 1 << 20);
    int64_t ret = sys3(__NR_fcntl, fd, F_GETFD, 0);

    if (ret < 0)
        die("%s%s: %s", key, text, errno_text(ret));
    return fd;
}

int32_t args_open(const char *what, const char *file)
{
    int64_t fd;

    if (file[0] == '@')
        return descriptor(what, file + 1);
    fd = sys4(__NR_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        die("open %s %s: %s", what, file, errno_text(fd));
    return (int32_t)fd;
}

/* The text up to the next comma into buf; returns what follows it. */
static const char *field(const char *text, char *buf, size_t size_bytes)
{
    const char *comma = strchr(text, ',');
    size_t n = comma ? (size_t)(comma - text) : strlen(text);

    if (n >= size_bytes)
        n = size_bytes - 1;
    memcpy(buf, text, n);
    buf[n] = 0;
    return comma ? comma + 1 : text + strlen(text);
}

static void add_net(struct launch *l, const char *value)
{
    char kind[16], fd[16], mac[32], mtu[16];
    struct gate_port *port = &gate.net[l->nr_net];
    struct abi_net_info *info = &gate.boot.net[l->nr_net];
    const char *rest = field(value, kind, sizeof(kind));

    if (l->nr_net == ABI_MAX_NET)
        die("net=%s: more than %d network devices", value, ABI_MAX_NET);
    rest = field(rest, fd, sizeof(fd));
    rest = field(rest, mac, sizeof(mac));
    field(rest, mtu, sizeof(mtu));
    if (!strcmp(kind, "tap"))
        port->kind = GATE_NET_TAP;
    else if (!strcmp(kind, "stream"))
        port->kind = GATE_NET_STREAM;
    else
        die("net=%s: the kind is neither tap nor stream", value);
    if (!mac_parse(mac, info->mac))
        die("net=%s: bad MAC address", value);
    port->fd = descriptor("net=", fd);
    info->mtu = (uint16_t)number("net=...,", mtu, 65535);
    l->nr_net++;
}

static void add_blk(struct launch *l, const char *value)
{
    char fd[16];
    const char *rest = field(value, fd, sizeof(fd));
    uint32_t dev = l->nr_blk++;

    if (dev < ABI_MAX_BLK) {
        gate.blk_fd[dev] = descriptor(HANDOVER_KEY_BLK, fd);
        gate.boot.blk[dev].flags = strcmp(rest, "ro") == 0;
        return;
    }
    die("blk=%s: more than %d block devices", value, ABI_MAX_BLK);
}

static void add_chan(struct launch *l, const char *value)
{
    uint32_t chan = l->nr_chan++;

    if (chan >= ABI_MAX_CHAN)
        die("chan=%s: more than %d channels", value, ABI_MAX_CHAN);
    gate.chan[chan].fd = descriptor(HANDOVER_KEY_CHAN, value);
}

static void add_set(struct launch *l, const char *value)
{
    if (l->nr_set == LAUNCH_MAX_SET)
        die("set=%s: more than %d of them", value, LAUNCH_MAX_SET);
    l->set[l->nr_set++] = value;
}

static void add_ns(struct launch *l, const char *value)
{
    if (l->nr_ns == LAUNCH_MAX_NS)
        die("ns=%s: more than %d namespaces", value, LAUNCH_MAX_NS);
    l->ns[l->nr_ns++] = descriptor(HANDOVER_KEY_NS, value);
}

/* If arg begins with key, point value behind it. */
static int is(const char *arg, const char *key, const char **value)
{
    size_t n = strlen(key);

    *value = arg + n;
    return !strncmp(arg, key, n);
}

static int parse_file(struct launch *l, const char *arg)
{
    const char *v;

    if (is(arg, HANDOVER_KEY_KERNEL, &v))
        l->kernel = v;
    else if (is(arg, HANDOVER_KEY_IMAGE, &v))
        l->image = v;
    else if (is(arg, HANDOVER_KEY_SIDECAR, &v))
        l->sidecar = v;
    else if (is(arg, HANDOVER_KEY_CONFIG, &v))
        l->config = v;
    else if (is(arg, HANDOVER_KEY_SET, &v))
        add_set(l, v);
    else if (is(arg, HANDOVER_KEY_NET, &v))
        add_net(l, v);
    else if (is(arg, HANDOVER_KEY_BLK, &v))
        add_blk(l, v);
    else if (is(arg, HANDOVER_KEY_CHAN, &v))
        add_chan(l, v);
    else if (is(arg, HANDOVER_KEY_NETNS, &v))
        l->netns = descriptor(HANDOVER_KEY_NETNS, v);
    else if (is(arg, HANDOVER_KEY_MNTNS, &v))
        l->mntns = descriptor(HANDOVER_KEY_MNTNS, v);
    else if (is(arg, HANDOVER_KEY_NS, &v))
        add_ns(l, v);
    else
        return 0;
    return 1;
}

static int parse_number(struct launch *l, const char *arg)
{
    const char *v;

    if (is(arg, HANDOVER_KEY_UID, &v))
        l->uid = (int32_t)number(HANDOVER_KEY_UID, v, INT32_MAX);
    else if (is(arg, HANDOVER_KEY_GID, &v))
        l->gid = (int32_t)number(HANDOVER_KEY_GID, v, INT32_MAX);
    else if (is(arg, HANDOVER_KEY_MEM, &v))
        l->mem_bytes = number(HANDOVER_KEY_MEM, v, UINT64_MAX / 2);
    else if (is(arg, HANDOVER_KEY_TSC_HZ, &v))
        l->tsc_hz = number(HANDOVER_KEY_TSC_HZ, v, UINT64_MAX / 2);
    else if (is(arg, HANDOVER_KEY_VCPUS, &v))
        l->vcpus = (uint32_t)number(HANDOVER_KEY_VCPUS, v, GATE_MAX_CPU);
    else
        return 0;
    return 1;
}

static int parse_flag(struct launch *l, const char *arg)
{
    const struct {
        const char *key;
        int *flag;
    } flags[] = {
        {HANDOVER_KEY_ENV, &l->env},
        {HANDOVER_KEY_UNSHARE, &l->unshare},
        {HANDOVER_KEY_JIT, &l->jit},
        {HANDOVER_KEY_STDIN, &l->use_stdin},
        {HANDOVER_KEY_TTY, &l->tty},
        {HANDOVER_KEY_STATS, &l->stats},
        {HANDOVER_KEY_VERBOSE, &l->verbose},
    };
    const char *v;

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (!is(arg, flags[i].key, &v))
            continue;
        *flags[i].flag = (int)number(flags[i].key, v, 1);
        return 1;
    }
    return 0;
}

static void parse_positional(struct launch *l, const char *arg)
{
    if (!l->kernel)
        l->kernel = arg;
    else if (!l->image)
        l->image = arg;
    else if (!l->config)
        l->config = arg;
    else
        die("%s: what is this argument for?", arg);
}

void args_parse(struct launch *l, char **argv)
{
    *l = (struct launch){
        .netns = -1,
        .mntns = -1,
        .uid = -1,
        .gid = -1,
        .vcpus = 1,
        .unshare = 1,
        .jit = 1,
        .use_stdin = 1,
        .tty = -1,
    };
    for (argv++; *argv; argv++) {
        if (parse_file(l, *argv) || parse_number(l, *argv) ||
            parse_flag(l, *argv))
            continue;
        parse_positional(l, *argv);
    }
    if (!l->kernel)
        die("usage: einkorn-proc [key=value ...] KERNEL [IMAGE [CONFIG]]");
    if (!l->vcpus)
        l->vcpus = 1;
}
