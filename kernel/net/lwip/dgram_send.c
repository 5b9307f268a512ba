/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending datagrams. Small ones leave their checksum to the device; one that
 * will be cut into fragments has it computed here, over the whole.
 */
#include <linux/errno.h>
#include <linux/in.h>

#include "kernel/net/lwip/udp.h"
#include "lwip/ip.h"

enum { HEADERS = 40 + 8, UDP_HEADER = 8 };

/* Whose IPv4 address it is; NULL: nobody's. */
static struct netif *owner_of(const ip_addr_t *addr)
{
    struct netif *netif;

    if (!IP_IS_V4(addr) || ip_addr_isany(addr))
        return NULL;
    NETIF_FOREACH(netif)
    {
        if (ip4_addr_cmp(netif_ip4_addr(netif), ip_2_ip4(addr)))
            return netif;
    }
    return NULL;
}

/* A group is where the sender's own address is, whatever routes say. */
static struct netif *route(const struct dgram *d, const struct packet *p,
                           const ip_addr_t *src, const ip_addr_t *dst)
{
    uint32_t index = p->ifindex;

    if (!index && ip_addr_ismulticast(dst))
        index = d->mcast_if;
    if (!index)
        index = d->device;
    if (index)
        return netif_of_index(index);
    if (IP_IS_V4(dst) && ip_addr_ismulticast(dst) && owner_of(src))
        return owner_of(src);
    return ip_route(src, dst);
}

/* ip(7), IP_MTU_DISCOVER: what would leave in fragments is refused. */
static int check_mtu(struct dgram *d, const struct packet *p,
                     const struct netif *netif, const ip_addr_t *dst,
                     uint16_t port)
{
    bool v4 = IP_IS_V4(dst);
    uint8_t way = v4 ? d->pmtudisc4 : d->pmtudisc6;
    size_t len =
        p->len_bytes + (v4 ? IP_HLEN : IP6_HLEN) + (d->udp ? UDP_HEADER : 0);
    uint32_t mtu = netif->mtu;
    struct net_addr to;

    if (way == IP_PMTUDISC_DO && d->path_mtu && d->path_mtu < mtu)
        mtu = d->path_mtu;
    if (way != IP_PMTUDISC_DO && way != IP_PMTUDISC_PROBE &&
        way != IP_PMTUDISC_INTERFACE)
        return 0;
    if (!mtu || len <= mtu)
        return 0;
    from_ip(&to, dst, v4 && !d->connected ? 0 : port);
    dgram_local_error(d, &to, EMSGSIZE, mtu);
    return -EMSGSIZE;
}

static int send_udp(struct dgram *d, struct packet *p, const ip_addr_t *dst,
                    uint16_t port)
{
    struct netif *netif;
    const ip_addr_t *src = &d->udp->local_ip;
    struct udp_way w;
    ip_addr_t chosen;
    uint16_t flags;
    err_t err;

    if (p->src.family) {
        to_ip(&chosen, &p->src, IPADDR_TYPE_V6);
        src = &chosen;
    }
    netif = route(d, p, src, dst);
    if (!netif)
        return -ENETUNREACH;
    if (check_mtu(d, p, netif, dst, port))
        return -EMSGSIZE;
    if (IP_GET_TYPE(src) != IP_GET_TYPE(dst) || ip_addr_isany(src) ||
        ip_addr_ismulticast(src)) {
        src = ip_netif_get_local_ip(netif, dst);
        if (!src)
            return -EADDRNOTAVAIL;
    }
    if (!d->udp->local_port) {
        err = udp_bind(d->udp, &d->udp->local_ip, 0);
        if (err != ERR_OK)
            return -EAGAIN;
        udp_table_update(d);
    }
    w = (struct udp_way){netif, src, dst, port};
    if (udp_is_plain(p, &w))
        return udp_send_plain(d, p, &w);
    flags = netif->chksum_flags;
    if (netif->mtu && p->len_bytes + HEADERS > netif->mtu)
        netif->chksum_flags |= NETIF_CHECKSUM_GEN_UDP;
    err = udp_sendto_if_src(d->udp, p->impl, dst, port, netif, src);
    netif->chksum_flags = flags;
    return err_to_errno(err);
}

static int send_raw(struct dgram *d, struct packet *p, const ip_addr_t *dst)
{
    struct netif *netif = route(d, p, &d->raw->local_ip, dst);
    const ip_addr_t *src = &d->raw->local_ip;

    if (!netif)
        return -ENETUNREACH;
    if (check_mtu(d, p, netif, dst, 0))
        return -EMSGSIZE;
    if (ip_addr_isany(src))
        src = ip_netif_get_local_ip(netif, dst);
    if (!src)
        return -EADDRNOTAVAIL;
    return err_to_errno(raw_sendto_if_src(d->raw, p->impl, dst, netif, src));
}

/* What the socket has and the value, unless it is -1, change places. */
static void exchange(struct dgram *d, enum net_opt opt, int *value)
{
    int had;

    if (*value < 0 || dgram_get(d, opt, &had))
        return;
    dgram_set(d, opt, *value);
    *value = had;
}

static int send_one(struct dgram *d, struct packet *p, const ip_addr_t *ip,
                    uint16_t port)
{
    enum net_opt hops =
        ip_addr_ismulticast(ip) ? NET_OPT_MCAST_TTL : NET_OPT_TTL;
    int err;

    exchange(d, hops, &p->own_ttl);
    exchange(d, NET_OPT_TOS, &p->own_tos);
    ip4_dont_fragment =
        d->pmtudisc4 == IP_PMTUDISC_DO || d->pmtudisc4 == IP_PMTUDISC_PROBE;
    err = d->udp ? send_udp(d, p, ip, port) : send_raw(d, p, ip);
    ip4_dont_fragment = false;
    exchange(d, hops, &p->own_ttl);
    exchange(d, NET_OPT_TOS, &p->own_tos);
    return err;
}

int dgram_send(struct dgram *d, struct packet *p, const struct net_addr *to)
{
    struct net_addr dst;
    ip_addr_t ip;
    int err;

    dgram_peer(d, &dst);
    if (to)
        dst = net_addr_reachable(to);
    to_ip(&ip, &dst, IPADDR_TYPE_V6);
    if (dst.family == NET_NONE)
        err = -EDESTADDRREQ;
    else
        err = send_one(d, p, &ip, dst.port);
    net_counters.udp_out += !err && d->udp;
    packet_free(p);
    lwip_kick_later();
    return err;
}
