/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bridge that instances hang on: made when first needed, with the host as
 * its gateway. EINKORN_BRIDGE and EINKORN_SUBNET override name and addresses
 * (einkorn0, 10.114.0.0/16).
 */
#ifndef EINKORN_HOST_NETWORK_BRIDGE_H
#define EINKORN_HOST_NETWORK_BRIDGE_H

#include <stdint.h>

#include "host/common/err.h"

struct bridge {
    char name[10]; /* short, as taps are called NAME.NUMBER */
    uint32_t net;  /* host order */
    unsigned int prefix_len;
    uint32_t gateway; /* host order: the first address */
};

/* Name and addresses, from the environment or the default. */
int bridge_settings(struct bridge *bridge, struct err *err);

/* Makes it and its NAT if they are missing. Returns its interface index. */
int bridge_ensure(const struct bridge *bridge, int route_fd, struct err *err);

/* Opens the tap of address number `number`, up and on the bridge. The taps of
 * the first BRIDGE_POOL numbers stay when closed, because making and ending a
 * network device takes the kernel 20 ms; the others go. BRIDGE_TAP_BUSY:
 * a tender whose monitor was killed still has it; take another number. */
int bridge_open_tap(const struct bridge *bridge, int route_fd, int bridge_index,
                    uint32_t number, struct err *err);

#define BRIDGE_POOL 64u
#define BRIDGE_TAP_BUSY (-2)

#endif
