/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Datagram endpoints: life, addresses, receiving.
 */
#include "kernel/net/lwip/dgram.h"

#include <linux/errno.h>
#include <linux/in.h>

#include "kernel/core/alloc.h"
#include "kernel/net/lwip/tcp_glue.h"
#include "kernel/net/lwip/udp.h"
#include "lwip/ip.h"
#include "lwip/ip6.h"

struct list dgrams = LIST_INIT(dgrams);

bool dgram_has_room(const struct dgram *d)
{
    return d->rx_cost < d->rcvbuf;
}

void dgram_queue(struct dgram *d, struct packet *p)
{
    if (!dgram_has_room(d)) {
        net_counters.udp_receive_full += d->udp != NULL;
        packet_free(p);
        return;
    }
    net_counters.udp_in += d->udp != NULL;
    d->rx_bytes += p->len_bytes;
    d->rx_cost += p->len_bytes + DGRAM_COST;
    list_push_back(&d->rx, &p->node);
    if (d->owner)
        d->owner->event(d->owner, NET_READABLE);
}

static void on_udp(void *arg, struct udp_pcb *pcb, struct pbuf *q,
                   const ip_addr_t *src, u16_t port)
{
    struct dgram *d = udp_table_pick(arg, src, port);
    struct packet *p = packet_copy(q, 0, port);

    pbuf_free(q);
    if (!p)
        return;
    p->dst.port = pcb->local_port;
    dgram_queue(d, p);
}

uint32_t *dgram_icmp_filter(struct dgram *d)
{
    return d->icmp_filter;
}

/* Of ICMP packets the first byte behind the IP header tells. */
static bool is_wanted(const struct dgram *d, const struct raw_pcb *pcb,
                      const struct pbuf *q)
{
    uint8_t type;

    if (pcb->protocol != IP_PROTO_ICMP && pcb->protocol != IP6_NEXTH_ICMP6)
        return true;
    type = pbuf_get_at(q, ip_current_header_tot_len());
    return !(d->icmp_filter[type / 32] >> type % 32 & 1);
}

/* Raw sockets see copies; the packet goes on its way. */
static u8_t on_raw(void *arg, struct raw_pcb *pcb, struct pbuf *q,
                   const ip_addr_t *src)
{
    size_t skip = ip_current_is_v6() ? ip_current_header_tot_len() : 0;
    struct packet *p;

    (void)src;
    if (!is_wanted(arg, pcb, q))
        return 0;
    p = packet_copy(q, skip, 0);
    if (p)
        dgram_queue(arg, p);
    return 0;
}

/* Packets of which raw sockets want to see all. */
static void count_raw(const struct raw_pcb *raw, int change)
{
    if (raw->protocol == PLAIN_TCP)
        raw_tcp_sockets += (unsigned)change;
    if (raw->protocol == PLAIN_UDP)
        raw_udp_sockets += (unsigned)change;
}

static bool open_pcb(struct dgram *d, bool raw, int protocol)
{
    uint8_t type = d->family == NET_V4 ? IPADDR_TYPE_V4
                   : d->v6only         ? IPADDR_TYPE_V6
                                       : IPADDR_TYPE_ANY;

    if (raw) {
        d->raw = raw_new_ip_type(d->family == NET_V6 ? IPADDR_TYPE_V6
                                                     : IPADDR_TYPE_V4,
                                 (u8_t)protocol);
        if (!d->raw)
            return false;
        raw_recv(d->raw, on_raw, d);
        count_raw(d->raw, 1);
        return true;
    }
    d->udp = udp_new_ip_type(type);
    if (!d->udp)
        return false;
    udp_recv(d->udp, on_udp, d);
    udp_set_multicast_ttl(d->udp, 1); /* ip(7)'s defaults */
    udp_set_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
    return true;
}

struct dgram *dgram_new(enum net_family family, bool v6only, bool raw,
                        int protocol)
{
    struct dgram *d = kzalloc(sizeof(*d));

    if (!d)
        return NULL;
    d->family = family;
    d->v6only = v6only;
    d->rcvbuf = d->sndbuf = DGRAM_RCVBUF;
    d->pmtudisc4 = d->pmtudisc6 = IP_PMTUDISC_WANT;
    list_init(&d->rx);
    list_init(&d->errors);
    if (!open_pcb(d, raw, protocol)) {
        kfree(d);
        return NULL;
    }
    list_push_back(&dgrams, &d->all);
    return d;
}

void dgram_set_owner(struct dgram *d, struct net_owner *owner)
{
    d->owner = owner;
}

int dgram_bind(struct dgram *d, const struct net_addr *addr)
{
    ip_addr_t ip;
    err_t err;

    if (d->raw) {
        to_ip(&ip, addr, IP_GET_TYPE(&d->raw->local_ip));
        return ip_is_local(&ip) ? err_to_errno(raw_bind(d->raw, &ip))
                                : -EADDRNOTAVAIL;
    }
    if (d->udp->local_port && addr->port)
        return -EINVAL;
    to_ip(&ip, addr, IP_GET_TYPE(&d->udp->local_ip));
    if (!ip_is_local(&ip) && !ip_addr_ismulticast(&ip) &&
        !(IP_IS_V4(&ip) && ip_2_ip4(&ip)->addr == IPADDR_BROADCAST))
        return -EADDRNOTAVAIL;
    if (d->reuseaddr || d->reuseport)
        ip_set_option(d->udp, SOF_REUSEADDR);
    else
        ip_reset_option(d->udp, SOF_REUSEADDR);
    err = udp_bind(d->udp, &ip, addr->port);
    udp_table_update(d);
    return err_to_errno(err);
}

static int disconnect(struct dgram *d)
{
    d->connected = false;
    if (d->udp)
        udp_disconnect(d->udp);
    else
        raw_disconnect(d->raw);
    return 0;
}

/* A connected socket's own address is the one that reaches the peer. */
static int fix_source(struct dgram *d, const ip_addr_t *ip)
{
    struct netif *netif = ip_route(&d->udp->local_ip, ip);
    const ip_addr_t *src;

    if (!netif)
        return -ENETUNREACH;
    src = ip_netif_get_local_ip(netif, ip);
    if (!src)
        return -EADDRNOTAVAIL;
    if (IP_IS_V4(ip) && ip4_addr_isloopback(ip_2_ip4(ip)))
        ip_addr_set_ip4_u32(&d->udp->local_ip, PP_HTONL(IPADDR_LOOPBACK));
    else if (ip_addr_isany(&d->udp->local_ip))
        ip_addr_copy(d->udp->local_ip, *src);
    return 0;
}

int dgram_connect(struct dgram *d, const struct net_addr *to)
{
    struct net_addr dst;
    ip_addr_t ip;
    int err;

    d->path_mtu = 0;
    if (!to || to->family == NET_NONE)
        return disconnect(d);
    dst = net_addr_reachable(to);
    to_ip(&ip, &dst, IPADDR_TYPE_V6);
    if (d->raw) {
        err = err_to_errno(raw_connect(d->raw, &ip));
    } else {
        err = fix_source(d, &ip);
        if (!err)
            err = err_to_errno(udp_connect(d->udp, &ip, dst.port));
        udp_table_update(d);
    }
    d->connected = !err;
    return err;
}

unsigned dgram_ready(const struct dgram *d)
{
    return (list_empty(&d->rx) ? 0 : NET_READABLE) | NET_WRITABLE |
           (d->error || !list_empty(&d->errors) ? NET_ERROR : 0);
}

bool dgram_has_error(const struct dgram *d)
{
    return d->error;
}

int dgram_take_error(struct dgram *d)
{
    int error = d->error;

    d->error = 0;
    return error;
}

void dgram_local(const struct dgram *d, struct net_addr *out)
{
    if (d->udp)
        from_ip(out, &d->udp->local_ip, d->udp->local_port);
    else
        from_ip(out, &d->raw->local_ip, d->raw->protocol);
}

void dgram_peer(const struct dgram *d, struct net_addr *out)
{
    memset(out, 0, sizeof(*out));
    if (!d->connected)
        return;
    if (d->udp)
        from_ip(out, &d->udp->remote_ip, d->udp->remote_port);
    else
        from_ip(out, &d->raw->remote_ip, d->raw->protocol);
}

struct packet *dgram_first(struct dgram *d)
{
    return list_first(&d->rx, struct packet, node);
}

struct packet *dgram_pop(struct dgram *d)
{
    struct packet *p = dgram_first(d);

    if (!p)
        return NULL;
    list_remove(&p->node);
    d->rx_bytes -= p->len_bytes;
    d->rx_cost -= p->len_bytes + DGRAM_COST;
    return p;
}

static void close_raw(struct raw_pcb *raw)
{
    count_raw(raw, -1);
    raw_remove(raw);
}

void dgram_close(struct dgram *d)
{
    struct packet *p;

    d->owner = NULL;
    dgram_leave_all(d);
    dgram_drop_errors(d);
    while ((p = dgram_pop(d)))
        packet_free(p);
    udp_table_remove(d);
    if (d->udp)
        udp_remove(d->udp);
    else
        close_raw(d->raw);
    list_remove(&d->all);
    kfree(d);
}
