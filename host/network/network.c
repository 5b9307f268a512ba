/* SPDX-License-Identifier: BSD-2-Clause */
/* One instance's network device, put together: see network.h. */
#include "host/network/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "host/network/address.h"
#include "host/network/bridge.h"
#include "host/network/link.h"
#include "host/network/netlink.h"
#include "host/network/nft.h"
#include "host/network/passt.h"
#include "host/network/port.h"
#include "host/network/tap.h"

enum network_kind network_choose(const char **note)
{
    *note = NULL;
    if (geteuid() == 0 && access("/dev/net/tun", R_OK | W_OK) == 0) {
        return NETWORK_BRIDGE;
    }
    if (passt_path() != NULL) {
        return NETWORK_USER;
    }
    *note = "no network: a bridge needs root and /dev/net/tun, and passt is "
            "not installed (apt-get install passt; --network none says this "
            "is meant)";
    return NETWORK_NONE;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static void set_address(struct network *net, const struct bridge *bridge,
                        uint32_t number)
{
    net->ip = htonl(bridge->net + number);
    net->gateway = htonl(bridge->gateway);
    net->prefix_len = bridge->prefix_len;
    net->mtu = 1500;
    net->mac[0] = 0x02; /* locally administered; same address, same MAC */
    net->mac[1] = 0x45;
    memcpy(net->mac + 2, &net->ip, sizeof(net->ip));
}

static int hold_ports(struct network *net, const struct spec *spec,
                      struct err *err)
{
    for (int i = 0; i < spec->nr_ports; i++) {
        int fd = port_hold(&spec->ports[i], err);

        if (fd < 0) {
            return -1;
        }
        net->port_fds[net->nr_port_fds++] = fd;
    }
    return 0;
}

/* The numbers that are to be had: all but the gateway's, or the one that the
 * user gave. */
static int choose_numbers(const struct bridge *bridge, uint32_t wanted,
                          uint32_t *first, uint32_t *last, struct err *err)
{
    struct in_addr ip = {wanted};

    *first = 2;
    *last = (UINT32_MAX >> bridge->prefix_len) - 1;
    if (wanted == 0) {
        return 0;
    }
    if (ntohl(wanted) < bridge->net + *first ||
        ntohl(wanted) > bridge->net + *last) {
        return err_set(err, ERR_TOOL,
                       "--ip %s: not an address for an instance on bridge %s "
                       "(EINKORN_SUBNET says which ones it has)",
                       inet_ntoa(ip), bridge->name);
    }
    *first = *last = ntohl(wanted) - bridge->net;
    return 0;
}

static int none_free(const struct bridge *bridge, uint32_t wanted,
                     struct err *err)
{
    struct in_addr ip = {wanted};

    if (wanted != 0) {
        return err_set(err, ERR_TOOL,
                       "--ip %s: an instance has it (choose another one)",
                       inet_ntoa(ip));
    }
    return err_set(err, ERR_TOOL,
                   "address: all %u of the subnet are in use (set "
                   "EINKORN_SUBNET to a larger one)",
                   (UINT32_MAX >> bridge->prefix_len) - 2);
}

/* An address and the tap that belongs to it. */
static int take_place(struct network *net, const struct bridge *bridge,
                      const char *run_dir, int route_fd, uint32_t wanted,
                      struct err *err)
{
    uint32_t first, last;

    if (choose_numbers(bridge, wanted, &first, &last, err) < 0) {
        return -1;
    }
    do {
        close_fd(&net->ip_fd);
        net->ip_fd = address_take(run_dir, first, last, &net->number, err);
        if (net->ip_fd == ADDRESS_NONE) {
            return none_free(bridge, wanted, err);
        }
        if (net->ip_fd < 0) {
            return -1;
        }
        set_address(net, bridge, net->number);
        net->dev_fd =
            tap_open(bridge, route_fd, net->bridge, net->number, net->mac, err);
        first = net->number + 1;
    } while (net->dev_fd == TAP_BUSY);
    return net->dev_fd < 0 ? -1 : 0;
}

static int attach_tap(struct network *net, const struct bridge *bridge,
                      const char *run_dir, uint32_t wanted, struct err *err)
{
    int fd = nl_open(NETLINK_ROUTE);
    int rc = -1;

    if (fd < 0) {
        return err_set(err, ERR_TOOL, "netlink socket: %s", strerror(-fd));
    }
    net->bridge = bridge_ensure(bridge, fd, err);
    if (net->bridge >= 0) {
        rc = take_place(net, bridge, run_dir, fd, wanted, err);
    }
    if (rc == 0) { /* where that fails both ask, as always */
        net->gateway_known =
            link_mac(fd, bridge->name, net->gateway_mac) == 0 &&
            link_add_neighbour(fd, net->bridge, net->ip, net->mac) == 0;
    }
    close(fd);
    return rc;
}

/* The next one at this address may be long in coming. */
static void leave_tap(struct network *net)
{
    int fd = nl_open(NETLINK_ROUTE);

    if (fd >= 0) {
        link_remove_neighbour(fd, net->bridge, net->ip);
        close(fd);
    }
}

static int attach_bridge(struct network *net, const char *run_dir,
                         const char *id, const struct spec *spec,
                         struct err *err)
{
    struct bridge bridge = {0};

    if (bridge_settings(&bridge, err) < 0 || hold_ports(net, spec, err) < 0) {
        return -1;
    }
    if (attach_tap(net, &bridge, run_dir, spec->ip, err) < 0) {
        return -1;
    }
    net->no_ip6 = !link_has_ip6(bridge.name);
    if (spec->nr_ports == 0) {
        return 0;
    }
    net->published = true;
    return nft_publish(&bridge, id, spec, net->ip, err);
}

static int attach(struct network *net, const char *run_dir, const char *id,
                  const struct spec *spec, struct err *err)
{
    if (spec->ip != 0 && net->kind != NETWORK_BRIDGE) {
        return err_set(err, ERR_TOOL,
                       "--ip: only a bridge has addresses to choose from (use "
                       "--network bridge, which needs root)");
    }
    switch (net->kind) {
    case NETWORK_BRIDGE:
        return attach_bridge(net, run_dir, id, spec, err);
    case NETWORK_USER:
        return passt_attach(net, spec, err);
    default:
        break;
    }
    if (spec->nr_ports > 0) {
        return err_set(err, ERR_TOOL,
                       "-p: no network to publish ports of (use --network "
                       "bridge or user)");
    }
    return 0;
}

int network_attach(struct network *net, const char *run_dir, const char *id,
                   const struct spec *spec, struct err *err)
{
    net->dev_fd = net->ip_fd = -1;
    if (attach(net, run_dir, id, spec, err) < 0) {
        network_detach(net, run_dir, id);
        return -1;
    }
    return 0;
}

void network_detach(struct network *net, const char *run_dir, const char *id)
{
    if (net->published) {
        network_remove_leftover(run_dir, id);
        net->published = false;
    }
    if (net->kind == NETWORK_BRIDGE && net->dev_fd >= 0) {
        leave_tap(net);
    }
    close_fd(&net->dev_fd);
    while (net->nr_port_fds > 0) {
        close(net->port_fds[--net->nr_port_fds]);
    }
    if (net->ip_fd >= 0) {
        address_give_back(net->ip_fd, net->number);
        net->ip_fd = -1;
    }
}

void network_remove_leftover(const char *run_dir, const char *id)
{
    struct err ignored = {0};
    struct bridge bridge = {0};

    (void)run_dir;
    if (geteuid() == 0 && bridge_settings(&bridge, &ignored) == 0) {
        nft_unpublish(&bridge, id);
    }
}
