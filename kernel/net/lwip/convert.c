/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses and errors, ours and lwIP's.
 */
#include <linux/errno.h>

#include "kernel/net/lwip/glue.h"
#include "lwip/err.h"

void to_ip(ip_addr_t *out, const struct net_addr *a, uint8_t any_type)
{
    memset(out, 0, sizeof(*out));
    if (a->family == NET_V4) {
        memcpy(&ip_2_ip4(out)->addr, a->ip, 4);
        IP_SET_TYPE(out, IPADDR_TYPE_V4);
    } else if (a->family == NET_V6) {
        memcpy(ip_2_ip6(out)->addr, a->ip, 16);
        IP_SET_TYPE(out, net_addr_is_any(a) ? any_type : IPADDR_TYPE_V6);
        if (a->scope)
            ip6_addr_set_zone(ip_2_ip6(out), (u8_t)a->scope);
        else
            ip6_addr_clear_zone(ip_2_ip6(out));
    } else {
        IP_SET_TYPE(out, any_type);
    }
}

void from_ip(struct net_addr *out, const ip_addr_t *ip, uint16_t port)
{
    memset(out, 0, sizeof(*out));
    out->port = port;
    if (IP_GET_TYPE(ip) == IPADDR_TYPE_V4) {
        out->family = NET_V4;
        memcpy(out->ip, &ip_2_ip4(ip)->addr, 4);
        return;
    }
    out->family = NET_V6;
    memcpy(out->ip, ip_2_ip6(ip)->addr, 16);
    if (ip6_addr_islinklocal(ip_2_ip6(ip)))
        out->scope = ip6_addr_zone(ip_2_ip6(ip));
}

int err_to_errno(err_t err)
{
    static const int8_t table[] = {
        [ERR_OK] = 0,
        [-ERR_MEM] = ENOBUFS,
        [-ERR_BUF] = ENOBUFS,
        [-ERR_TIMEOUT] = ETIMEDOUT,
        [-ERR_RTE] = ENETUNREACH,
        [-ERR_INPROGRESS] = EINPROGRESS,
        [-ERR_VAL] = EINVAL,
        [-ERR_WOULDBLOCK] = EAGAIN,
        [-ERR_USE] = EADDRINUSE,
        [-ERR_ALREADY] = EALREADY,
        [-ERR_ISCONN] = EISCONN,
        [-ERR_CONN] = ENOTCONN,
        [-ERR_IF] = ENETDOWN,
        [-ERR_ABRT] = ECONNABORTED,
        [-ERR_RST] = ECONNRESET,
        [-ERR_CLSD] = ENOTCONN,
        [-ERR_ARG] = EINVAL,
    };
    unsigned n = (unsigned)-err;

    return n < sizeof(table) ? -table[n] : -EIO;
}

unsigned reuseport_hash(const ip_addr_t *ip, uint16_t port)
{
    const u32_t *word = IP_IS_V6(ip) ? ip_2_ip6(ip)->addr : &ip_2_ip4(ip)->addr;
    uint64_t h = port;

    for (int i = 0; i < (IP_IS_V6(ip) ? 4 : 1); i++)
        h = (h ^ word[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return (unsigned)(h >> 33);
}

bool ip_is_local(const ip_addr_t *ip)
{
    struct netif *netif;

    if (ip_addr_isany(ip) ||
        (IP_IS_V4(ip) && ip4_addr_isloopback(ip_2_ip4(ip))))
        return true;
    NETIF_FOREACH(netif)
    {
        if (IP_IS_V4(ip) && ip4_addr_cmp(netif_ip4_addr(netif), ip_2_ip4(ip)))
            return true;
        for (unsigned i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
            if (IP_IS_V6(ip) &&
                !ip6_addr_isinvalid(netif_ip6_addr_state(netif, i)) &&
                ip6_addr_cmp_zoneless(netif_ip6_addr(netif, i), ip_2_ip6(ip)))
                return true;
    }
    return false;
}
