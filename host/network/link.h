/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network devices of the host, over rtnetlink(7) and netdevice(7). Functions
 * take a socket of NETLINK_ROUTE and return -errno on error.
 */
#ifndef EINKORN_HOST_NETWORK_LINK_H
#define EINKORN_HOST_NETWORK_LINK_H

#include <stdbool.h>
#include <stdint.h>

/* A device's index and, if flags is not NULL, its IFF_ flags. */
int link_index(int fd, const char *name, short *flags);

int link_mac(int fd, const char *name, uint8_t mac[6]);

/* Puts it on a bridge. */
int link_join(int fd, int index, int bridge);
/* Brings it up; puts it on the bridge before, unless that is 0. */
int link_set_up(int fd, int index, int bridge);

/* From now on the bridge knows who is behind this port of its and learns
 * nothing from what comes from there. */
int link_set_port(int fd, int index, const uint8_t mac[6]);

/* What the device cannot take is lost at once instead of waiting for it. */
int link_no_queue(int fd, int index);

/* Tells the host who has this address (network order) on the bridge, so that
 * it need not ask; it will when it has used the answer. */
int link_add_neighbour(int fd, int bridge, uint32_t ip, const uint8_t mac[6]);
int link_remove_neighbour(int fd, int bridge, uint32_t ip);

/* Has this device, or any, IPv6? */
bool link_has_ip6(const char *name);

/* Writes /proc/sys/net/FORMAT..., where that is allowed. */
int link_sysctl(const char *value, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
