/* SPDX-License-Identifier: BSD-2-Clause */
/* The bridge, over rtnetlink(7): see bridge.h. */
#include "host/network/bridge.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/network/link.h"
#include "host/network/netlink.h"
#include "host/network/nft.h"

#define DEFAULT_BRIDGE "einkorn0"
#define DEFAULT_SUBNET "10.114.0.0/16"

int bridge_settings(struct bridge *bridge, struct err *err)
{
    const char *name = getenv("EINKORN_BRIDGE");
    const char *subnet = getenv("EINKORN_SUBNET");
    char text[32] = {0};
    struct in_addr ip;
    char *slash;
    int len = snprintf(bridge->name, sizeof(bridge->name), "%s",
                       name != NULL ? name : DEFAULT_BRIDGE);

    if (len <= 0 || len >= (int)sizeof(bridge->name) ||
        strspn(bridge->name, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
            (size_t)len) {
        return err_set(err, ERR_TOOL,
                       "EINKORN_BRIDGE %s: not a name of 1 to 9 lower-case "
                       "letters, digits and -",
                       name);
    }
    snprintf(text, sizeof(text), "%s", subnet ? subnet : DEFAULT_SUBNET);
    slash = strchr(text, '/');
    if (slash != NULL) {
        *slash++ = '\0';
        bridge->prefix_len = (unsigned int)strtoul(slash, NULL, 10);
    }
    if (slash == NULL || inet_aton(text, &ip) == 0 || bridge->prefix_len < 16 ||
        bridge->prefix_len > 28) {
        return err_set(err, ERR_TOOL,
                       "EINKORN_SUBNET %s: not a subnet like " DEFAULT_SUBNET
                       " (16 to 28 bits)",
                       subnet);
    }
    bridge->net = ntohl(ip.s_addr) & ~(UINT32_MAX >> bridge->prefix_len);
    bridge->gateway = bridge->net + 1;
    return 0;
}

/* ---- making it ---- */

static int create(const struct bridge *bridge, int fd)
{
    struct ifinfomsg body = {.ifi_family = AF_UNSPEC};
    uint32_t gw = htonl(bridge->gateway);
    uint8_t mac[6] = {0x02, 0x45};
    const uint8_t off = 0;
    struct nl_msg msg;
    size_t nest, data;

    /* Of its own: else it would change with the first tap. */
    memcpy(mac + 2, &gw, sizeof(gw));
    nl_begin(&msg, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &body,
             sizeof(body));
    nl_attr_str(&msg, IFLA_IFNAME, bridge->name);
    nl_attr(&msg, IFLA_ADDRESS, mac, sizeof(mac));
    nest = nl_nest(&msg, IFLA_LINKINFO);
    nl_attr_str(&msg, IFLA_INFO_KIND, "bridge");
    /* Nobody asks for groups, so multicasts go to all anyway. */
    data = nl_nest(&msg, IFLA_INFO_DATA);
    nl_attr(&msg, IFLA_BR_MCAST_SNOOPING, &off, sizeof(off));
    nl_nest_end(&msg, data);
    nl_nest_end(&msg, nest);
    return nl_call(fd, &msg);
}

static int add_address(const struct bridge *bridge, int fd, int index)
{
    struct ifaddrmsg body = {.ifa_family = AF_INET,
                             .ifa_prefixlen = (uint8_t)bridge->prefix_len,
                             .ifa_index = (uint32_t)index};
    uint32_t gw = htonl(bridge->gateway);
    uint32_t broadcast =
        htonl(bridge->net | (UINT32_MAX >> bridge->prefix_len));
    struct nl_msg msg;

    nl_begin(&msg, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, &body,
             sizeof(body));
    nl_attr(&msg, IFA_LOCAL, &gw, sizeof(gw));
    nl_attr(&msg, IFA_ADDRESS, &gw, sizeof(gw));
    nl_attr(&msg, IFA_BROADCAST, &broadcast, sizeof(broadcast));
    return nl_call(fd, &msg);
}

/* Every step may have been done by somebody else already. Bringing it up
 * comes last and tells that all is done. */
static int configure(const struct bridge *bridge, int fd, struct err *err)
{
    int index, rc = create(bridge, fd);

    if (rc < 0 && rc != -EEXIST) {
        errno = -rc;
        return err_set(err, ERR_TOOL,
                       "create bridge %s: %m (needs root with CAP_NET_ADMIN; "
                       "else use --network user or none)",
                       bridge->name);
    }
    index = link_index(fd, bridge->name, NULL);
    rc = index < 0 ? index : add_address(bridge, fd, index);
    if (rc < 0 && rc != -EEXIST) {
        errno = -rc;
        return err_set(err, ERR_TOOL, "address of bridge %s: %m", bridge->name);
    }
    /* Read-only in some containers: instances still reach the host. */
    link_sysctl("1", "ipv4/ip_forward");
    link_sysctl("1", "ipv4/conf/%s/route_localnet", bridge->name);
    link_sysctl("1", "ipv6/conf/%s/disable_ipv6", bridge->name);
    rc = link_set_up(fd, index, 0);
    if (rc < 0) {
        errno = -rc;
        return err_set(err, ERR_TOOL, "set bridge %s up: %m", bridge->name);
    }
    return index;
}

int bridge_ensure(const struct bridge *bridge, int route_fd, struct err *err)
{
    short flags = 0;
    int index = link_index(route_fd, bridge->name, &flags);

    if (index < 0 || (flags & IFF_UP) == 0) {
        index = configure(bridge, route_fd, err);
    }
    if (index >= 0) {
        nft_ensure(bridge); /* without nft: no NAT, as `info` tells */
    }
    return index;
}
