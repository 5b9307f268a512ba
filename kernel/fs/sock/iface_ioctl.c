/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interfaces by ioctl (netdevice(7)), read-only. Sockets of any family do.
 */
#include <linux/errno.h>
#include <linux/in.h>
#include <linux/sockios.h>

#include "kernel/core/uaccess.h"
#include "kernel/fs/sock/sock.h"
#include "kernel/net/net.h"
#include "lib/string.h"

static bool find(const char *name, struct net_iface *out)
{
    for (unsigned i = 0; net_iface(i, out); i++)
        if (strncmp(out->name, name, IFNAMSIZ) == 0)
            return true;
    return false;
}

static const struct net_iface_addr *first_v4(const struct net_iface *iface)
{
    for (unsigned i = 0; i < iface->nr_addrs; i++)
        if (iface->addrs[i].addr.family == NET_V4)
            return &iface->addrs[i];
    return NULL;
}

static void set_sin(struct ifreq *req, uint32_t ip)
{
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr = {ip}};

    memcpy(&req->addr, &sin, sizeof(sin));
}

static int64_t ifconf(uint64_t arg)
{
    struct ifconf conf;
    struct net_iface iface;
    int len = 0;

    if (copy_in(&conf, arg))
        return -EFAULT;
    for (unsigned i = 0; net_iface(i, &iface); i++) {
        const struct net_iface_addr *a = first_v4(&iface);
        struct ifreq req = {0};
        uint32_t ip;

        if (!a)
            continue;
        if (!conf.buf) {
            len += (int)sizeof(req);
            continue;
        }
        if (conf.len - len < (int)sizeof(req))
            break;
        memcpy(&ip, a->addr.ip, 4);
        strlcpy(req.name, iface.name, IFNAMSIZ);
        set_sin(&req, ip);
        if (copy_out(conf.buf + (unsigned)len, &req))
            return -EFAULT;
        len += (int)sizeof(req);
    }
    conf.len = len;
    return copy_out(arg, &conf);
}

static short iff_flags(const struct net_iface *iface)
{
    int flags = iface->loopback ? IFF_LOOPBACK : IFF_BROADCAST | IFF_MULTICAST;

    if (iface->up)
        flags |= IFF_UP | IFF_RUNNING;
    return (short)flags;
}

static int fill_address(const struct net_iface *iface, uint32_t cmd,
                        struct ifreq *req)
{
    const struct net_iface_addr *a = first_v4(iface);
    uint32_t ip, mask;

    if (!a)
        return -EADDRNOTAVAIL;
    memcpy(&ip, a->addr.ip, 4);
    mask = a->prefix_len
               ? __builtin_bswap32(~UINT32_C(0) << (32 - a->prefix_len))
               : 0;
    if (cmd == SIOCGIFNETMASK)
        ip = mask;
    else if (cmd == SIOCGIFBRDADDR)
        ip = iface->loopback ? 0 : ip | ~mask;
    set_sin(req, ip);
    return 0;
}

static int fill(const struct net_iface *iface, uint32_t cmd, struct ifreq *req)
{
    switch (cmd) {
    case SIOCGIFFLAGS:
        req->flags = iff_flags(iface);
        return 0;
    case SIOCGIFINDEX:
        req->number = (int)iface->index;
        return 0;
    case SIOCGIFMTU:
        req->number = (int)iface->mtu;
        return 0;
    case SIOCGIFMETRIC:
        req->number = 0;
        return 0;
    case SIOCGIFTXQLEN:
        req->number = 1000;
        return 0;
    case SIOCGIFHWADDR:
        memset(&req->addr, 0, sizeof(req->addr));
        req->addr.family = iface->loopback ? ARPHRD_LOOPBACK : ARPHRD_ETHER;
        memcpy(req->addr.data, iface->mac, 6);
        return 0;
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFBRDADDR:
        return fill_address(iface, cmd, req);
    case SIOCETHTOOL: /* none of its questions has an answer here */
        return -EOPNOTSUPP;
    default:
        return -ENOTTY;
    }
}

static int64_t ifreq(uint32_t cmd, uint64_t arg)
{
    struct net_iface iface;
    struct ifreq req;
    int err;

    if (copy_in(&req, arg))
        return -EFAULT;
    req.name[IFNAMSIZ - 1] = 0;
    if (cmd == SIOCGIFNAME) {
        if (!net_iface_by_index((uint32_t)req.number, &iface))
            return -ENODEV;
        strlcpy(req.name, iface.name, IFNAMSIZ);
        return copy_out(arg, &req);
    }
    if (!find(req.name, &iface))
        return -ENODEV;
    err = fill(&iface, cmd, &req);
    return err ? err : copy_out(arg, &req);
}

/* The hardware address of a host on the link; -ENXIO: not known. */
static int64_t arp_entry(uint64_t arg)
{
    enum { PORT_BYTES = 2, ATF_COM = 2 };
    struct net_neighbour n;
    struct net_iface iface;
    struct arpreq req;

    if (copy_in(&req, arg))
        return -EFAULT;
    if (req.family != AF_INET)
        return -EPFNOSUPPORT;
    for (unsigned i = 0; net_neighbour(&i, &n); i++) {
        if (n.addr.family != NET_V4 ||
            memcmp(n.addr.ip, req.ip + PORT_BYTES, 4) != 0 ||
            !net_iface_by_index(n.index, &iface))
            continue;
        req.hw_family = ARPHRD_ETHER;
        memcpy(req.mac, n.mac, sizeof(n.mac));
        req.flags = ATF_COM;
        strlcpy(req.dev, iface.name, IFNAMSIZ);
        return copy_out(arg, &req);
    }
    return -ENXIO;
}

int64_t sock_iface_ioctl(int domain, uint32_t cmd, uint64_t arg)
{
    switch (cmd) {
    case SIOCGIFCONF:
        return ifconf(arg);
    case SIOCGIFNAME:
    case SIOCGIFFLAGS:
    case SIOCGIFINDEX:
    case SIOCGIFMTU:
    case SIOCGIFMETRIC:
    case SIOCGIFTXQLEN:
    case SIOCGIFHWADDR:
    case SIOCETHTOOL:
        return ifreq(cmd, arg);
    case SIOCGARP:
        return arp_entry(arg);
    case SIOCGIFADDR:
    case SIOCGIFDSTADDR:
    case SIOCGIFNETMASK:
    case SIOCGIFBRDADDR:
        return domain == AF_INET ? ifreq(cmd, arg) : -ENOTTY;
    default:
        return -ENOTTY;
    }
}
