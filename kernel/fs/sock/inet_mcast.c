/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options about groups: ip(7), ipv6(7), RFC 3678.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "kernel/fs/sock/inet.h"
#include "kernel/net/net.h"
#include "lib/string.h"

/* struct group_req without sockaddr_storage's rest. */
struct group {
    uint32_t ifindex, pad;
    uint8_t name[sizeof(struct sockaddr_in6)];
};

/* The interface with this address of ours; 0: none or any. */
static uint32_t index_of(const void *ip)
{
    struct net_iface iface;

    for (unsigned i = 0; net_iface(i, &iface); i++)
        for (unsigned n = 0; n < iface.nr_addrs; n++)
            if (iface.addrs[n].addr.family == NET_V4 &&
                memcmp(iface.addrs[n].addr.ip, ip, 4) == 0)
                return iface.index;
    return 0;
}

/* struct in_addr, ip_mreq or ip_mreqn (ip(7)). */
int inet_mcast_if(struct inet_sock *s, const void *val, size_t len)
{
    struct ip_mreqn mreq = {0};
    int err;

    if (len >= sizeof(mreq))
        memcpy(&mreq, val, sizeof(mreq));
    else
        memcpy(&mreq.imr_address,
               (const uint8_t *)val + (len >= sizeof(struct ip_mreq) ? 4 : 0),
               4);
    if (!mreq.imr_ifindex && mreq.imr_address.s_addr) {
        mreq.imr_ifindex = (int)index_of(&mreq.imr_address);
        if (!mreq.imr_ifindex)
            return -EADDRNOTAVAIL;
    }
    if (!s->dgram)
        return -ENOPROTOOPT;
    err = dgram_set(s->dgram, NET_OPT_MCAST_IF, mreq.imr_ifindex);
    if (!err)
        s->mcast_addr4 = mreq.imr_address.s_addr;
    return err;
}

/* struct ip_mreq, ip_mreqn: group, own address, interface index. */
int inet_mcast_member4(struct inet_sock *s, const void *val, size_t len,
                       bool join)
{
    struct net_addr group = {.family = NET_V4};
    struct ip_mreqn mreq = {0};

    if (!s->dgram || len < sizeof(struct ip_mreq))
        return s->dgram ? -EINVAL : -ENOPROTOOPT;
    memcpy(&mreq, val, len < sizeof(mreq) ? len : sizeof(mreq));
    memcpy(group.ip, &mreq.imr_multiaddr, 4);
    if (!net_addr_is_multicast(&group))
        return -EINVAL;
    if (!mreq.imr_ifindex && mreq.imr_address.s_addr)
        mreq.imr_ifindex = (int)index_of(&mreq.imr_address);
    return dgram_join(s->dgram, &group, (uint32_t)mreq.imr_ifindex, join);
}

int inet_mcast_member6(struct inet_sock *s, const void *val, size_t len,
                       bool join)
{
    struct net_addr group = {.family = NET_V6};
    struct ipv6_mreq mreq;

    if (!s->dgram || len < sizeof(mreq))
        return s->dgram ? -EINVAL : -ENOPROTOOPT;
    memcpy(&mreq, val, sizeof(mreq));
    memcpy(group.ip, &mreq.ipv6mr_multiaddr, 16);
    if (!net_addr_is_multicast(&group))
        return -EINVAL;
    return dgram_join(s->dgram, &group, (uint32_t)mreq.ipv6mr_ifindex, join);
}

int inet_mcast_group(struct inet_sock *s, const void *val, size_t len,
                     bool join)
{
    struct sock_name name = {.len_bytes = 0};
    struct net_addr group;
    struct group req;
    int err;

    if (!s->dgram || len < sizeof(req))
        return s->dgram ? -EINVAL : -ENOPROTOOPT;
    memcpy(&req, val, sizeof(req));
    memcpy(name.data, req.name, sizeof(req.name));
    name.len_bytes = sizeof(req.name);
    err = inet_parse(s, &name, &group);
    if (err || group.family == NET_NONE)
        return err ? err : -EADDRNOTAVAIL;
    if (!net_addr_is_multicast(&group))
        return -EINVAL;
    group.port = 0;
    return dgram_join(s->dgram, &group, req.ifindex, join);
}
