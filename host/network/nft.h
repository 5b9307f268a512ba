/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAT and published ports: one nftables table, named like the bridge. Ports
 * are elements of two maps, each with its instance's short id as comment.
 */
#ifndef EINKORN_HOST_NETWORK_NFT_H
#define EINKORN_HOST_NETWORK_NFT_H

#include "host/common/err.h"
#include "host/instance/spec.h"
#include "host/network/bridge.h"

/* Makes the table if it is missing. Asking costs one netlink request. */
int nft_ensure(const struct bridge *bridge);

/* Sends the published ports to the guest's address (network order). */
int nft_publish(const struct bridge *bridge, const char *id,
                const struct spec *spec, uint32_t guest_ip, struct err *err);

/* Takes all elements of this instance away. */
void nft_unpublish(const struct bridge *bridge, const char *id);

#endif
