/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Links, addresses and routes as rtnetlink(7) messages.
 */
#include <linux/errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "kernel/core/alloc.h"
#include "kernel/fs/sock/netlink.h"
#include "kernel/net/net.h"
#include "lib/string.h"

enum { ROOM_MIN = 4096, OPER_UP = 6 };

void *nl_append(struct nl_reply *r, size_t len_bytes)
{
    size_t len = NLMSG_ALIGN(len_bytes);
    void *p;

    if (r->len_bytes + len > r->room_bytes) {
        size_t room = r->room_bytes ? r->room_bytes * 2 : ROOM_MIN;
        uint8_t *data;

        while (room < r->len_bytes + len)
            room *= 2;
        data = krealloc(r->data, room);
        if (!data) {
            r->failed = true;
            return NULL;
        }
        r->data = data;
        r->room_bytes = room;
    }
    p = r->data + r->len_bytes;
    memset(p, 0, len);
    r->len_bytes += len;
    return p;
}

/* Begins a message with a family header of `size` bytes; its offset. */
static size_t begin(struct nl_reply *r, uint16_t type, uint16_t flags,
                    const void *body, size_t size)
{
    size_t off = r->len_bytes;
    struct nlmsghdr *h = nl_append(r, sizeof(*h) + size);

    if (!h)
        return off;
    h->nlmsg_type = type;
    h->nlmsg_flags = flags;
    h->nlmsg_seq = r->seq;
    h->nlmsg_pid = r->port;
    memcpy(h + 1, body, size);
    return off;
}

static void end(struct nl_reply *r, size_t off)
{
    struct nlmsghdr *h = (struct nlmsghdr *)(r->data + off);

    if (!r->failed)
        h->nlmsg_len = (uint32_t)(r->len_bytes - off);
}

static void attr(struct nl_reply *r, uint16_t type, const void *data,
                 size_t len)
{
    struct rtattr *a = nl_append(r, sizeof(*a) + len);

    if (!a)
        return;
    a->rta_type = type;
    a->rta_len = (uint16_t)(sizeof(*a) + len);
    memcpy(a + 1, data, len);
}

static void attr_u32(struct nl_reply *r, uint16_t type, uint32_t value)
{
    attr(r, type, &value, sizeof(value));
}

void nl_error(struct nl_reply *r, const struct nlmsghdr *to, int err)
{
    struct nlmsgerr body = {.error = err, .msg = *to};

    r->len_bytes = 0; /* instead of whatever was begun */
    end(r, begin(r, NLMSG_ERROR, 0, &body, sizeof(body)));
}

static void link_message(struct nl_reply *r, const struct net_iface *i,
                         uint16_t flags)
{
    static const uint8_t broadcast[6] = {255, 255, 255, 255, 255, 255};
    static const uint8_t none[6];
    struct ifinfomsg body = {
        .ifi_type = i->loopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER,
        .ifi_index = (int)i->index,
        .ifi_flags =
            IFF_UP | IFF_RUNNING | IFF_LOWER_UP |
            (i->loopback ? IFF_LOOPBACK : IFF_BROADCAST | IFF_MULTICAST),
    };
    struct rtnl_link_stats64 stats = {
        .rx_packets = i->rx_packets,
        .tx_packets = i->tx_packets,
        .rx_bytes = i->rx_bytes,
        .tx_bytes = i->tx_bytes,
        .rx_dropped = i->rx_dropped,
        .tx_dropped = i->tx_dropped,
    };
    uint8_t state = i->loopback ? 0 : OPER_UP;
    size_t off = begin(r, RTM_NEWLINK, flags, &body, sizeof(body));

    attr(r, IFLA_IFNAME, i->name, strlen(i->name) + 1);
    attr_u32(r, IFLA_TXQLEN, 1000);
    attr(r, IFLA_OPERSTATE, &state, sizeof(state));
    attr_u32(r, IFLA_MTU, i->mtu);
    attr(r, IFLA_ADDRESS, i->mac, 6);
    attr(r, IFLA_BROADCAST, i->loopback ? none : broadcast, 6);
    attr(r, IFLA_STATS64, &stats, sizeof(stats));
    end(r, off);
}

static bool wanted(uint8_t family, const struct net_addr *a)
{
    return family == AF_UNSPEC || (family == AF_INET && a->family == NET_V4) ||
           (family == AF_INET6 && a->family == NET_V6);
}

static bool link_local(const struct net_addr *a)
{
    return a->family == NET_V6 && a->ip[0] == 0xfe && a->ip[1] >> 6 == 2;
}

static void addr_message(struct nl_reply *r, const struct net_iface *i,
                         const struct net_iface_addr *a, uint16_t flags)
{
    size_t size = a->addr.family == NET_V4 ? 4 : 16;
    struct ifaddrmsg body = {
        .ifa_family = a->addr.family == NET_V4 ? AF_INET : AF_INET6,
        .ifa_prefixlen = a->prefix_len,
        .ifa_flags = IFA_F_PERMANENT,
        .ifa_scope = i->loopback            ? RT_SCOPE_HOST
                     : link_local(&a->addr) ? RT_SCOPE_LINK
                                            : RT_SCOPE_UNIVERSE,
        .ifa_index = i->index,
    };
    size_t off = begin(r, RTM_NEWADDR, flags, &body, sizeof(body));

    attr(r, IFA_ADDRESS, a->addr.ip, size);
    if (size == 4) {
        attr(r, IFA_LOCAL, a->addr.ip, size);
        attr(r, IFA_LABEL, i->name, strlen(i->name) + 1);
    }
    attr_u32(r, IFA_FLAGS, IFA_F_PERMANENT);
    end(r, off);
}

static void route_message(struct nl_reply *r, const struct net_iface *i,
                          const struct net_addr *dst, uint8_t prefix_len,
                          const struct net_addr *gateway)
{
    size_t size = dst->family == NET_V4 ? 4 : 16;
    struct rtmsg body = {
        .rtm_family = dst->family == NET_V4 ? AF_INET : AF_INET6,
        .rtm_dst_len = prefix_len,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_BOOT,
        .rtm_scope = gateway ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
        .rtm_type = RTN_UNICAST,
    };
    size_t off = begin(r, RTM_NEWROUTE, NLM_F_MULTI, &body, sizeof(body));

    if (prefix_len)
        attr(r, RTA_DST, dst->ip, size);
    if (gateway)
        attr(r, RTA_GATEWAY, gateway->ip, size);
    attr_u32(r, RTA_OIF, i->index);
    end(r, off);
}

static void routes(struct nl_reply *r, const struct net_iface *i,
                   uint8_t family)
{
    struct net_addr any = {.family = i->gateway.family};

    if (i->loopback)
        return;
    if (i->gateway.family && wanted(family, &i->gateway))
        route_message(r, i, &any, 0, &i->gateway);
    for (unsigned n = 0; n < i->nr_addrs; n++) {
        struct net_addr net = i->addrs[n].addr;
        unsigned len = i->addrs[n].prefix_len;

        if (!wanted(family, &net))
            continue;
        for (unsigned bit = len; bit < (net.family == NET_V4 ? 32 : 128); bit++)
            net.ip[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
        route_message(r, i, &net, (uint8_t)len, NULL);
    }
}

static void neighbours(struct nl_reply *r, uint8_t family)
{
    struct net_neighbour n;

    for (unsigned i = 0; net_neighbour(&i, &n); i++) {
        struct ndmsg body = {
            .ndm_family = n.addr.family == NET_V4 ? AF_INET : AF_INET6,
            .ndm_ifindex = (int32_t)n.index,
            .ndm_state = NUD_REACHABLE,
            .ndm_type = RTN_UNICAST,
        };
        size_t off;

        if (!wanted(family, &n.addr))
            continue;
        off = begin(r, RTM_NEWNEIGH, NLM_F_MULTI, &body, sizeof(body));
        attr(r, NDA_DST, n.addr.ip, n.addr.family == NET_V4 ? 4 : 16);
        attr(r, NDA_LLADDR, n.mac, sizeof(n.mac));
        end(r, off);
    }
}

static void one(struct nl_reply *r, const struct net_iface *i, uint16_t type,
                uint8_t family)
{
    if (type == RTM_GETLINK)
        link_message(r, i, NLM_F_MULTI);
    else if (type == RTM_GETROUTE)
        routes(r, i, family);
    else
        for (unsigned n = 0; n < i->nr_addrs; n++)
            if (wanted(family, &i->addrs[n].addr))
                addr_message(r, i, &i->addrs[n], NLM_F_MULTI);
}

static int dump(struct nl_reply *r, uint16_t type, uint8_t family)
{
    struct net_iface iface;
    int32_t zero = 0;

    if (type == RTM_GETNEIGH)
        neighbours(r, family);
    else
        for (unsigned i = 0; net_iface(i, &iface); i++)
            one(r, &iface, type, family);
    end(r, begin(r, NLMSG_DONE, NLM_F_MULTI, &zero, sizeof(zero)));
    return r->failed ? -ENOBUFS : 0;
}

/* One link, by index or by name. */
static int get_link(struct nl_reply *r, const struct nlmsghdr *h)
{
    const struct ifinfomsg *body = (const struct ifinfomsg *)(h + 1);
    const uint8_t *p = (const uint8_t *)(body + 1);
    const uint8_t *stop = (const uint8_t *)h + h->nlmsg_len;
    const struct rtattr *a = (const struct rtattr *)p;
    struct net_iface iface;

    if (h->nlmsg_len < sizeof(*h) + sizeof(*body))
        return -EINVAL;
    for (unsigned i = 0; net_iface(i, &iface); i++) {
        bool named = (size_t)(stop - p) > sizeof(*a) &&
                     a->rta_type == IFLA_IFNAME && a->rta_len > sizeof(*a) &&
                     a->rta_len <= stop - p &&
                     strncmp(iface.name, (const char *)(a + 1),
                             a->rta_len - sizeof(*a)) == 0;

        if (body->ifi_index ? (uint32_t)body->ifi_index == iface.index
                            : named) {
            link_message(r, &iface, 0);
            return r->failed ? -ENOBUFS : 0;
        }
    }
    return -ENODEV;
}

int rtnl_answer(struct nl_reply *r, const struct nlmsghdr *h)
{
    bool all = h->nlmsg_flags & NLM_F_DUMP; /* as Linux, one bit is enough */
    uint8_t family = h->nlmsg_len > sizeof(*h) ? *(const uint8_t *)(h + 1)
                                               : (uint8_t)AF_UNSPEC;

    switch (h->nlmsg_type) {
    case RTM_GETLINK:
        return all ? dump(r, RTM_GETLINK, family) : get_link(r, h);
    case RTM_GETADDR:
    case RTM_GETNEIGH:
    case RTM_GETROUTE:
        return all ? dump(r, h->nlmsg_type, family) : -EOPNOTSUPP;
    case RTM_NEWLINK:
    case RTM_NEWADDR:
    case RTM_NEWNEIGH:
    case RTM_NEWROUTE:
    case RTM_DELLINK:
    case RTM_DELADDR:
    case RTM_DELNEIGH:
    case RTM_DELROUTE:
        return -EPERM;
    default:
        return -EOPNOTSUPP;
    }
}
