/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/net/sockstat, sockstat6, snmp, netstat and arp: what monitoring
 * counts.
 */
#include "kernel/net/lwip/glue.h"
#include "kernel/net/lwip/proctext.h"
#include "kernel/net/net.h"
#include "kernel/net/tcp/stream.h"
#include "lwip/raw.h"
#include "lwip/udp.h"

struct counts {
    unsigned inuse, inuse6, orphan, time_wait, alloc, established;
};

/* As Linux: in use is what has an address. */
static void count_stream(struct counts *n, const struct stream *s)
{
    bool v6 = s->conn.local.family == NET_V6;

    n->alloc++;
    n->orphan += s->conn.orphan;
    n->established += stream_state(s) == STREAM_ESTABLISHED ||
                      stream_state(s) == STREAM_CLOSE_WAIT;
    if (stream_state(s) == STREAM_CLOSE)
        return;
    n->inuse += !v6;
    n->inuse6 += v6;
}

static bool count_node(struct conn_node *node, void *arg)
{
    struct counts *n = arg;

    n->time_wait += node->kind == NODE_TIME_WAIT;
    return true;
}

static struct counts count_tcp(void)
{
    struct counts n = {0};

    list_for_each(pos, &streams)
        count_stream(&n, container_of(pos, struct stream, all));
    table_each(count_node, &n);
    return n;
}

static unsigned count_udp(bool v6)
{
    unsigned n = 0;

    for (struct udp_pcb *p = udp_pcbs; p; p = p->next)
        n += IP_IS_V4_VAL(p->local_ip) != v6;
    return n;
}

void sockstat_text(struct text *t)
{
    struct counts n = count_tcp();

    text_add(t, "TCP: inuse %u orphan %u tw %u alloc %u mem %lu\n", n.inuse,
             n.orphan, n.time_wait, n.alloc, tcp_memory_pages());
    text_add(t, "UDP: inuse %u mem 0\n", count_udp(false));
    text_add(t, "UDPLITE: inuse 0\n");
}

void sockstat6_text(struct text *t)
{
    text_add(t, "TCP6: inuse %u\n", count_tcp().inuse6);
    text_add(t, "UDP6: inuse %u\n", count_udp(true));
    text_add(t, "UDPLITE6: inuse 0\n");
}

void snmp_text(struct text *t)
{
    const struct net_counters *n = &net_counters;

    text_add(t, "Ip: Forwarding DefaultTTL\nIp: 2 64\n");
    text_add(t, "Tcp: RtoMin RtoMax MaxConn ActiveOpens PassiveOpens "
                "AttemptFails EstabResets CurrEstab InSegs OutSegs "
                "RetransSegs OutRsts\n");
    text_add(t, "Tcp: 200 120000 -1 %lu %lu %lu %lu %u %lu %lu %lu %lu\n",
             n->tcp_active_opens, n->tcp_passive_opens, n->tcp_attempt_fails,
             n->tcp_estab_resets, count_tcp().established, n->tcp_in_segs,
             n->tcp_out_segs, n->tcp_resent_segs, n->tcp_out_resets);
    text_add(t, "Udp: InDatagrams InErrors OutDatagrams RcvbufErrors\n");
    text_add(t, "Udp: %lu %lu %lu %lu\n", n->udp_in, n->udp_receive_full,
             n->udp_out, n->udp_receive_full);
}

void netstat_text(struct text *t)
{
    struct net_iface i;
    uint64_t in = 0, out = 0;

    for (unsigned n = 0; net_iface(n, &i); n++) {
        in += i.rx_bytes;
        out += i.tx_bytes;
    }
    text_add(t, "TcpExt: ListenOverflows ListenDrops TCPTimeouts\n");
    text_add(t, "TcpExt: %lu %lu %lu\n", net_counters.tcp_listen_overflows,
             net_counters.tcp_listen_overflows, net_counters.tcp_timeouts);
    text_add(t, "IpExt: InOctets OutOctets\nIpExt: %lu %lu\n", in, out);
}

void arp_text(struct text *t)
{
    enum { COMPLETE = 2, ETHERNET = 1 };
    struct net_neighbour n;
    struct net_iface iface;

    text_add(t, "IP address       HW type     Flags       HW address"
                "            Mask     Device\n");
    for (unsigned i = 0; net_neighbour(&i, &n); i++)
        if (n.addr.family == NET_V4 && net_iface_by_index(n.index, &iface))
            text_add(t,
                     "%u.%u.%u.%u 0x%x 0x%x "
                     "%02x:%02x:%02x:%02x:%02x:%02x * %s\n",
                     n.addr.ip[0], n.addr.ip[1], n.addr.ip[2], n.addr.ip[3],
                     ETHERNET, COMPLETE, n.mac[0], n.mac[1], n.mac[2], n.mac[3],
                     n.mac[4], n.mac[5], iface.name);
}
