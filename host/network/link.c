/* SPDX-License-Identifier: BSD-2-Clause */
/* Indices, flags, queues, bridge ports and neighbours: see link.h. */
#include "host/network/link.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/network/netlink.h"

int link_index(int fd, const char *name, short *flags)
{
    struct ifreq req = {0};
    int index;

    snprintf(req.ifr_name, IFNAMSIZ, "%s", name);
    if (ioctl(fd, SIOCGIFINDEX, &req) < 0) {
        return -errno;
    }
    index = req.ifr_ifindex;
    if (flags != NULL) {
        *flags = ioctl(fd, SIOCGIFFLAGS, &req) == 0 ? req.ifr_flags : 0;
    }
    return index;
}

int link_mac(int fd, const char *name, uint8_t mac[6])
{
    struct ifreq req = {0};

    snprintf(req.ifr_name, IFNAMSIZ, "%s", name);
    if (ioctl(fd, SIOCGIFHWADDR, &req) < 0) {
        return -errno;
    }
    memcpy(mac, req.ifr_hwaddr.sa_data, 6);
    return 0;
}

static int change(int fd, int index, unsigned int flags, int bridge)
{
    struct ifinfomsg body = {.ifi_family = AF_UNSPEC,
                             .ifi_index = index,
                             .ifi_flags = flags,
                             .ifi_change = flags};
    uint32_t master = (uint32_t)bridge;
    struct nl_msg msg;

    nl_begin(&msg, RTM_NEWLINK, NLM_F_ACK, &body, sizeof(body));
    if (bridge != 0) {
        nl_attr(&msg, IFLA_MASTER, &master, sizeof(master));
    }
    return nl_call(fd, &msg);
}

int link_join(int fd, int index, int bridge)
{
    return change(fd, index, 0, bridge);
}

int link_set_up(int fd, int index, int bridge)
{
    return change(fd, index, IFF_UP, bridge);
}

/* ---- who is where ---- */

/* A bridge's own table: this address is behind that port, for good. */
static int add_forwarding(int fd, int index, const uint8_t mac[6])
{
    struct ndmsg body = {.ndm_family = PF_BRIDGE,
                         .ndm_ifindex = index,
                         .ndm_state = NUD_NOARP,
                         .ndm_flags = NTF_MASTER};
    struct nl_msg msg;

    nl_begin(&msg, RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
             &body, sizeof(body));
    nl_attr(&msg, NDA_LLADDR, mac, 6);
    return nl_call(fd, &msg);
}

int link_set_port(int fd, int index, const uint8_t mac[6])
{
    struct ifinfomsg body = {.ifi_family = PF_BRIDGE, .ifi_index = index};
    const uint8_t off = 0;
    struct nl_msg msg;
    size_t nest;
    int rc = add_forwarding(fd, index, mac);

    if (rc < 0) {
        return rc; /* then the bridge has to learn it */
    }
    nl_begin(&msg, RTM_SETLINK, NLM_F_ACK, &body, sizeof(body));
    nest = nl_nest(&msg, IFLA_PROTINFO);
    nl_attr(&msg, IFLA_BRPORT_LEARNING, &off, sizeof(off));
    nl_nest_end(&msg, nest);
    return nl_call(fd, &msg);
}

int link_no_queue(int fd, int index)
{
    struct tcmsg body = {
        .tcm_family = AF_UNSPEC, .tcm_ifindex = index, .tcm_parent = TC_H_ROOT};
    struct nl_msg msg;

    nl_begin(&msg, RTM_NEWQDISC, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
             &body, sizeof(body));
    nl_attr_str(&msg, TCA_KIND, "noqueue");
    return nl_call(fd, &msg);
}

static int change_neighbour(int fd, uint16_t type, uint16_t flags, int bridge,
                            uint32_t ip, const uint8_t *mac)
{
    struct ndmsg body = {
        .ndm_family = AF_INET, .ndm_ifindex = bridge, .ndm_state = NUD_STALE};
    struct nl_msg msg;

    nl_begin(&msg, type, NLM_F_ACK | flags, &body, sizeof(body));
    nl_attr(&msg, NDA_DST, &ip, sizeof(ip));
    if (mac != NULL) {
        nl_attr(&msg, NDA_LLADDR, mac, 6);
    }
    return nl_call(fd, &msg);
}

int link_add_neighbour(int fd, int bridge, uint32_t ip, const uint8_t mac[6])
{
    return change_neighbour(fd, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE,
                            bridge, ip, mac);
}

int link_remove_neighbour(int fd, int bridge, uint32_t ip)
{
    return change_neighbour(fd, RTM_DELNEIGH, 0, bridge, ip, NULL);
}

/* ---- settings ---- */

int link_sysctl(const char *value, const char *format, ...)
{
    char path[96];
    int len = snprintf(path, sizeof(path), "/proc/sys/net/");
    va_list args;
    int fd, rc;

    va_start(args, format);
    vsnprintf(path + len, sizeof(path) - (size_t)len, format, args);
    va_end(args);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    rc = write(fd, value, strlen(value)) < 0 ? -errno : 0;
    close(fd);
    return rc;
}

bool link_has_ip6(const char *name)
{
    char path[96], off = '0';
    int fd;

    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
             name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno != ENOENT;
    }
    (void)!read(fd, &off, 1);
    close(fd);
    return off == '0';
}
