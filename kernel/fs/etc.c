/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The generated files of /etc, over the image's: hostname, hosts, resolv.conf.
 */
#include "kernel/fs/etc.h"

#include <linux/errno.h>

#include "kernel/core/alloc.h"
#include "kernel/core/config.h"
#include "kernel/core/log.h"
#include "kernel/fs/pseudo/pseudo.h"
#include "kernel/fs/tmpfs/tmpfs.h"
#include "kernel/net/net.h"
#include "kernel/sched/thread.h"
#include "lib/fmt.h"
#include "lib/string.h"

static void write(struct seq *s, const char *path)
{
    int err = s->failed ? -ENOMEM : tmpfs_make_file(path, s->buf, s->len_bytes);

    if (!err)
        return;
    klog(LOG_WARN, "cannot write %s (error %d)", path, -err);
    kfree(s->buf);
}

/* "10.0.0.2/24" without the prefix length; nothing for "dhcp". */
static void put_address(struct seq *s, const char *key)
{
    const char *ip = config_get(key, 0), *slash;

    if (!ip || strcmp(ip, "dhcp") == 0)
        return;
    slash = strchr(ip, '/');
    seq_write(s, ip, slash ? (size_t)(slash - ip) : strlen(ip));
    seq_printf(s, "\t%s\n", process.hostname);
}

static void make_hosts(void)
{
    struct seq s = {0};

    seq_puts(&s, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost "
                 "ip6-loopback\nff02::1\tip6-allnodes\nff02::2\t"
                 "ip6-allrouters\n");
    if (!config_get("net0.ip", 0))
        seq_printf(&s, "127.0.1.1\t%s\n", process.hostname);
    for (int i = 0; i < 4; i++) {
        char key[16];

        snprintf(key, sizeof(key), "net%d.ip", i);
        put_address(&s, key);
        snprintf(key, sizeof(key), "net%d.ip6", i);
        put_address(&s, key);
    }
    write(&s, "/etc/hosts");
}

static void make_hostname(void)
{
    struct seq s = {0};

    seq_printf(&s, "%s\n", process.hostname);
    write(&s, "/etc/hostname");
}

/* Without a server the image's own file stays. */
static void write_resolv(struct seq *s)
{
    if (s->len_bytes)
        write(s, "/etc/resolv.conf");
}

static void make_resolv(void)
{
    struct seq s = {0};
    const char *server;

    for (unsigned i = 0; (server = config_get("dns", i)); i++)
        seq_printf(&s, "nameserver %s\n", server);
    write_resolv(&s);
}

void etc_write(void)
{
    make_hostname();
    make_hosts();
    make_resolv();
}

void etc_write_learned(void)
{
    struct seq s = {0};
    struct net_addr a;

    if (config_get("dns", 0))
        return;
    for (unsigned i = 0; net_dns_server(i, &a); i++)
        seq_printf(&s, "nameserver %u.%u.%u.%u\n", a.ip[0], a.ip[1], a.ip[2],
                   a.ip[3]);
    write_resolv(&s);
}
