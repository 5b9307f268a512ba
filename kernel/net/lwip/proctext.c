/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Texts of /proc/net (proc(5)): connections, interfaces, routes.
 */
#include <linux/if_addr.h>

#include "kernel/core/alloc.h"
#include "kernel/net/lwip/proctext.h"
#include "kernel/net/lwip/tcp_glue.h"
#include "kernel/net/tcp/stream.h"
#include "lib/fmt.h"
#include "lwip/udp.h"

enum { TEXT_LINE = 256, TEXT_MIN = 4096, UDP_STATE_OPEN = 7 };

void text_add(struct text *t, const char *fmt, ...)
{
    va_list ap;
    int n;

    if (t->size - t->len < TEXT_LINE) {
        size_t size = t->size ? t->size * 2 : TEXT_MIN;
        char *buf = krealloc(t->buf, size);

        if (!buf)
            return;
        t->buf = buf;
        t->size = size;
    }
    va_start(ap, fmt);
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it was started
    n = vsnprintf(t->buf + t->len, TEXT_LINE, fmt, ap);
    va_end(ap);
    t->len += n < TEXT_LINE ? (size_t)n : TEXT_LINE - 1;
}

/* Words of an address as Linux prints them: each in host order. */
static void endpoint(char *out, size_t size, const struct net_addr *a, bool v6)
{
    uint32_t w[4];

    memcpy(w, a->ip, sizeof(w));
    if (!v6)
        snprintf(out, size, "%08X:%04X", w[0], a->port);
    else if (a->family == NET_V6)
        snprintf(out, size, "%08X%08X%08X%08X:%04X", w[0], w[1], w[2], w[3],
                 a->port);
    else
        snprintf(out, size, "0000000000000000FFFF0000%08X:%04X", w[0], a->port);
}

struct row {
    struct net_addr local, remote;
    unsigned state, tx, rx;
};

static void add_row(struct text *t, bool v6, unsigned *nr, const struct row *r)
{
    char local[48], remote[48];

    if ((r->local.family == NET_V4) == v6)
        return;
    endpoint(local, sizeof(local), &r->local, v6);
    endpoint(remote, sizeof(remote), &r->remote, v6);
    text_add(
        t,
        "%4u: %s %s %02X %08X:%08X 00:00000000 00000000     0        0 0 1 "
        "0000000000000000\n",
        (*nr)++, local, remote, r->state, r->tx, r->rx);
}

static const char header[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
    "retrnsmt   uid  timeout inode\n";

struct tcp_rows {
    struct text *text;
    bool v6;
    unsigned nr;
};

static void add_stream(struct tcp_rows *t, const struct stream *s)
{
    struct row r = {
        .local = s->conn.local,
        .remote = s->conn.peer,
        .state = stream_state(s),
        .tx = (unsigned)stream_unsent_bytes(s),
        .rx = s->listening ? s->nr_accept : s->conn.rx_bytes,
    };

    if (r.state == STREAM_CLOSE && !s->bound)
        return;
    if (r.remote.family == NET_NONE)
        r.remote.family = r.local.family;
    add_row(t->text, t->v6, &t->nr, &r);
}

/* Those without a stream. */
static bool add_node(struct conn_node *node, void *arg)
{
    struct tcp_rows *t = arg;
    struct row r = {.state = node->kind == NODE_TIME_WAIT ? STREAM_TIME_WAIT
                                                          : STREAM_SYN_RECV};

    if (node->kind == NODE_CONN)
        return true;
    conn_key_addrs(&node->key, &r.local, &r.remote);
    add_row(t->text, t->v6, &t->nr, &r);
    return true;
}

static void tcp_text(struct text *t, bool v6)
{
    struct tcp_rows rows = {.text = t, .v6 = v6};

    text_add(t, "%s", header);
    list_for_each(pos, &streams)
        add_stream(&rows, container_of(pos, struct stream, all));
    table_each(add_node, &rows);
}

static void udp_text(struct text *t, bool v6)
{
    unsigned nr = 0;

    text_add(t, "%s", header);
    for (struct udp_pcb *p = udp_pcbs; p; p = p->next) {
        struct row r = {
            .state = p->flags & UDP_FLAGS_CONNECTED ? 1 : UDP_STATE_OPEN,
        };

        from_ip(&r.local, &p->local_ip, p->local_port);
        from_ip(&r.remote, &p->remote_ip, p->remote_port);
        add_row(t, v6, &nr, &r);
    }
}

static void dev_text(struct text *t)
{
    struct net_iface i;

    text_add(
        t, "Inter-|   Receive                                                |"
           "  Transmit\n");
    text_add(
        t, " face |bytes    packets errs drop fifo frame compressed multicast|"
           "bytes    packets errs drop fifo colls carrier compressed\n");
    for (unsigned n = 0; net_iface(n, &i); n++)
        text_add(
            t,
            "%6s: %7lu %7lu    0 %4lu    0     0          0         0 %8lu "
            "%7lu    0 %4lu    0     0       0          0\n",
            i.name, i.rx_bytes, i.rx_packets, i.rx_dropped, i.tx_bytes,
            i.tx_packets, i.tx_dropped);
}

static uint32_t word(const struct net_addr *a)
{
    uint32_t v;

    memcpy(&v, a->ip, sizeof(v));
    return v;
}

static void route_line(struct text *t, const char *name, uint32_t dst,
                       uint32_t gw, unsigned flags, uint32_t mask)
{
    text_add(t, "%s\t%08X\t%08X\t%04X\t0\t0\t0\t%08X\t0\t0\t0\n", name, dst, gw,
             flags, mask);
}

static void route_text(struct text *t)
{
    enum { RTF_UP = 1, RTF_GATEWAY = 2 };
    struct net_iface i;

    text_add(
        t, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\t"
           "MTU\tWindow\tIRTT\n");
    for (unsigned n = 0; net_iface(n, &i); n++) {
        if (i.gateway.family == NET_V4)
            route_line(t, i.name, 0, word(&i.gateway), RTF_UP | RTF_GATEWAY, 0);
        for (unsigned k = 0; k < i.nr_addrs && !i.loopback; k++) {
            const struct net_iface_addr *a = &i.addrs[k];
            uint32_t mask =
                a->prefix_len ? lwip_htonl(~0u << (32 - a->prefix_len)) : 0;

            if (a->addr.family == NET_V4)
                route_line(t, i.name, word(&a->addr) & mask, 0, RTF_UP, mask);
        }
    }
}

static void inet6_text(struct text *t)
{
    enum { SCOPE_GLOBAL = 0, SCOPE_HOST = 0x10, SCOPE_LINK = 0x20 };
    struct net_iface i;

    for (unsigned n = 0; net_iface(n, &i); n++)
        for (unsigned k = 0; k < i.nr_addrs; k++) {
            const struct net_iface_addr *a = &i.addrs[k];
            char hex[33];

            if (a->addr.family != NET_V6)
                continue;
            for (unsigned b = 0; b < 16; b++)
                snprintf(hex + 2 * b, 3, "%02x", a->addr.ip[b]);
            text_add(t, "%s %02x %02x %02x %02x %8s\n", hex, i.index,
                     a->prefix_len,
                     i.loopback              ? SCOPE_HOST
                     : a->addr.ip[0] == 0xfe ? SCOPE_LINK
                                             : SCOPE_GLOBAL,
                     IFA_F_PERMANENT, i.name);
        }
}

static void tcp4_text(struct text *t)
{
    tcp_text(t, false);
}

static void tcp6_text(struct text *t)
{
    tcp_text(t, true);
}

static void udp4_text(struct text *t)
{
    udp_text(t, false);
}

static void udp6_text(struct text *t)
{
    udp_text(t, true);
}

static const struct {
    const char *name;
    void (*make)(struct text *t);
} files[] = {
    {"tcp", tcp4_text},
    {"tcp6", tcp6_text},
    {"udp", udp4_text},
    {"udp6", udp6_text},
    {"dev", dev_text},
    {"route", route_text},
    {"if_inet6", inet6_text},
    {"sockstat", sockstat_text},
    {"sockstat6", sockstat6_text},
    {"arp", arp_text},
    {"snmp", snmp_text},
    {"netstat", netstat_text},
};

char *net_proc_text(const char *name, size_t *len_bytes)
{
    struct text t = {0};
    unsigned i = 0;

    while (i < ARRAY_LEN(files) && strcmp(files[i].name, name) != 0)
        i++;
    if (i == ARRAY_LEN(files))
        return NULL;
    files[i].make(&t);
    if (!t.buf) /* an empty file is a file */
        t.buf = kzalloc(1);
    *len_bytes = t.len;
    return t.buf;
}
