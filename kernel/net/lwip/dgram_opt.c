/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of datagram endpoints and multicast membership (ip(7), ipv6(7)).
 */
#include <linux/errno.h>

#include "kernel/net/lwip/dgram.h"
#include "lwip/igmp.h"
#include "lwip/mld6.h"

enum { BUF_MIN = 2304, BUF_MAX = 64 << 20 };

static uint32_t clamp(int value)
{
    return value < BUF_MIN   ? BUF_MIN
           : value > BUF_MAX ? BUF_MAX
                             : (uint32_t)value;
}

static void set_broadcast(struct dgram *d, bool on)
{
    if (d->udp && on)
        ip_set_option(d->udp, SOF_BROADCAST);
    else if (d->udp)
        ip_reset_option(d->udp, SOF_BROADCAST);
    else if (on)
        ip_set_option(d->raw, SOF_BROADCAST);
    else
        ip_reset_option(d->raw, SOF_BROADCAST);
}

static int set_mcast(struct dgram *d, enum net_opt opt, int value)
{
    if (opt == NET_OPT_MCAST_IF) {
        if (value && !netif_of_index((uint32_t)value))
            return -EADDRNOTAVAIL;
        d->mcast_if = (uint32_t)value;
        return 0;
    }
    if (!d->udp)
        return -ENOPROTOOPT;
    if (opt == NET_OPT_MCAST_TTL)
        udp_set_multicast_ttl(d->udp, (u8_t)value);
    else if (value)
        udp_set_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
    else
        udp_clear_flags(d->udp, UDP_FLAGS_MULTICAST_LOOP);
    return 0;
}

/* Who wants no errors any more loses those that wait. */
static int set_recverr(struct dgram *d, bool *flag, bool on)
{
    *flag = on;
    if (!on)
        dgram_drop_errors(d);
    return 0;
}

static int set_device(struct dgram *d, uint32_t index)
{
    struct netif *netif = index ? netif_of_index(index) : NULL;

    if (index && !netif)
        return -ENODEV;
    d->device = index;
    if (d->udp)
        udp_bind_netif(d->udp, netif);
    else
        raw_bind_netif(d->raw, netif);
    return 0;
}

int dgram_set(struct dgram *d, enum net_opt opt, int value)
{
    switch (opt) {
    case NET_OPT_REUSEADDR:
        d->reuseaddr = value;
        return 0;
    case NET_OPT_REUSEPORT:
        d->reuseport = value;
        return 0;
    case NET_OPT_V6ONLY:
        d->v6only = value;
        if (d->udp && !d->udp->local_port)
            IP_SET_TYPE(&d->udp->local_ip,
                        value ? IPADDR_TYPE_V6 : IPADDR_TYPE_ANY);
        return 0;
    case NET_OPT_BROADCAST:
        set_broadcast(d, value);
        return 0;
    case NET_OPT_DEVICE:
        return set_device(d, (uint32_t)value);
    case NET_OPT_SNDBUF:
        d->sndbuf = clamp(value);
        return 0;
    case NET_OPT_RCVBUF:
        d->rcvbuf = clamp(value);
        return 0;
    case NET_OPT_TTL:
        *(d->udp ? &d->udp->ttl : &d->raw->ttl) = (u8_t)value;
        return 0;
    case NET_OPT_TOS:
        *(d->udp ? &d->udp->tos : &d->raw->tos) = (u8_t)value;
        return 0;
    case NET_OPT_MCAST_IF:
    case NET_OPT_MCAST_TTL:
    case NET_OPT_MCAST_LOOP:
        return set_mcast(d, opt, value);
    case NET_OPT_RECVERR4:
        return set_recverr(d, &d->recverr4, value);
    case NET_OPT_RECVERR6:
        return set_recverr(d, &d->recverr6, value);
    case NET_OPT_PMTUDISC4:
        d->pmtudisc4 = (uint8_t)value;
        return 0;
    case NET_OPT_PMTUDISC6:
        d->pmtudisc6 = (uint8_t)value;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

int dgram_get(const struct dgram *d, enum net_opt opt, int *value)
{
    switch (opt) {
    case NET_OPT_REUSEADDR:
        *value = d->reuseaddr;
        return 0;
    case NET_OPT_PATH_MTU:
        *value = (int)d->path_mtu;
        return 0;
    case NET_OPT_BROADCAST:
        *value = d->udp ? !!ip_get_option(d->udp, SOF_BROADCAST)
                        : !!ip_get_option(d->raw, SOF_BROADCAST);
        return 0;
    case NET_OPT_SNDBUF:
        *value = (int)d->sndbuf;
        return 0;
    case NET_OPT_RCVBUF:
        *value = (int)d->rcvbuf;
        return 0;
    case NET_OPT_TTL:
        *value = d->udp ? d->udp->ttl : d->raw->ttl;
        return 0;
    case NET_OPT_TOS:
        *value = d->udp ? d->udp->tos : d->raw->tos;
        return 0;
    case NET_OPT_MCAST_IF:
        *value = (int)d->mcast_if;
        return 0;
    case NET_OPT_MCAST_TTL:
        *value = d->udp ? udp_get_multicast_ttl(d->udp) : 1;
        return 0;
    case NET_OPT_MCAST_LOOP:
        *value = !d->udp || (udp_flags(d->udp) & UDP_FLAGS_MULTICAST_LOOP) != 0;
        return 0;
    default:
        return -ENOPROTOOPT;
    }
}

static err_t enter(const struct net_addr *group, struct netif *netif, bool join)
{
    ip_addr_t ip;

    to_ip(&ip, group, IPADDR_TYPE_V6);
    if (IP_IS_V4(&ip))
        return join ? igmp_joingroup_netif(netif, ip_2_ip4(&ip))
                    : igmp_leavegroup_netif(netif, ip_2_ip4(&ip));
    ip6_addr_assign_zone(ip_2_ip6(&ip), IP6_MULTICAST, netif);
    return join ? mld6_joingroup_netif(netif, ip_2_ip6(&ip))
                : mld6_leavegroup_netif(netif, ip_2_ip6(&ip));
}

/* A report is said again. */
static err_t change(const struct net_addr *group, struct netif *netif,
                    bool join)
{
    err_t err = enter(group, netif, join);

    timers_groups();
    return err;
}

static struct dgram_group *find(struct dgram *d, const struct net_addr *a,
                                uint32_t ifindex)
{
    for (unsigned i = 0; i < DGRAM_GROUPS; i++) {
        struct dgram_group *g = &d->groups[i];

        if (a ? g->addr.family == a->family && g->ifindex == ifindex &&
                    memcmp(g->addr.ip, a->ip, 16) == 0
              : g->addr.family == NET_NONE)
            return g;
    }
    return NULL;
}

int dgram_join(struct dgram *d, const struct net_addr *group, uint32_t ifindex,
               bool join)
{
    struct netif *netif = ifindex ? netif_of_index(ifindex) : netif_default;
    struct dgram_group *g;
    err_t err;

    if (!netif)
        return -ENODEV;
    ifindex = netif_get_index(netif);
    g = find(d, group, ifindex);
    if (join && g)
        return -EADDRINUSE;
    if (!join && !g)
        return -EADDRNOTAVAIL;
    if (join && !(g = find(d, NULL, 0)))
        return -ENOBUFS;
    err = change(group, netif, join);
    if (err == ERR_OK) {
        g->addr = *group;
        g->ifindex = ifindex;
        if (!join)
            g->addr.family = NET_NONE;
    }
    lwip_kick();
    return err_to_errno(err);
}

void dgram_leave_all(struct dgram *d)
{
    for (unsigned i = 0; i < DGRAM_GROUPS; i++) {
        struct dgram_group *g = &d->groups[i];

        if (g->addr.family)
            dgram_join(d, &g->addr, g->ifindex, false);
    }
}
