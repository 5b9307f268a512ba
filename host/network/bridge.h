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

#endif
