/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening taps, and what is done to a new one: see tap.h. */
#include "host/network/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "host/network/link.h"

/* Offloads and the header's size are the tender's to set: what it sets anew
 * each time costs nothing if it has not changed. */
static int open_device(struct ifreq *req, bool keep)
{
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) {
        return -1;
    }
    req->ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (ioctl(fd, TUNSETIFF, req) < 0 ||
        ioctl(fd, TUNSETPERSIST, (unsigned long)keep) < 0) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

/* The host has no business on a tap: with IPv6 it would greet each guest with
 * frames. A bridge that cannot be told of the guest learns, and floods. A tap
 * takes each frame or loses it, so the queue that Linux gives it never holds
 * one; it only costs who sends. */
static int prepare(int fd, int index, const char *name, int bridge,
                   const uint8_t mac[6])
{
    int rc;

    link_sysctl("1", "ipv6/conf/%s/disable_ipv6", name);
    rc = link_join(fd, index, bridge);
    if (rc == 0) {
        link_set_port(fd, index, mac);
        link_no_queue(fd, index);
    }
    return rc;
}

/* Coming up is the last step: one that is up is prepared. */
static int set_up(int fd, const char *name, int bridge, const uint8_t mac[6])
{
    short flags = 0;
    int index = link_index(fd, name, &flags);
    int rc = index < 0 ? index : 0;

    if (rc == 0 && (flags & IFF_UP) == 0) {
        rc = prepare(fd, index, name, bridge, mac);
    }
    return rc < 0 ? rc : link_set_up(fd, index, bridge);
}

int tap_open(const struct bridge *bridge, int route_fd, int bridge_index,
             uint32_t number, const uint8_t mac[6], struct err *err)
{
    struct ifreq req = {0};
    const char *name = req.ifr_name;
    int fd, rc;

    snprintf(req.ifr_name, IFNAMSIZ, "%s.%u", bridge->name, number & 0xffff);
    fd = open_device(&req, number < TAP_KEPT);
    if (fd < 0 && errno == EBUSY) {
        return TAP_BUSY;
    }
    if (fd < 0) {
        return err_set(err, ERR_TOOL,
                       "tap device %s: /dev/net/tun: %m (needs root with "
                       "CAP_NET_ADMIN; else use --network user or none)",
                       name);
    }
    rc = set_up(route_fd, name, bridge_index, mac);
    if (rc < 0) {
        close(fd);
        errno = -rc;
        return err_set(err, ERR_TOOL, "put tap device %s on the bridge: %m%s",
                       name,
                       rc == -EXFULL ? " (it has as many ports as a bridge "
                                       "can have; use another EINKORN_BRIDGE)"
                                     : "");
    }
    return fd;
}
