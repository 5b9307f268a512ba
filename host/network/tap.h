/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The taps of a bridge, one for each address, called NAME.NUMBER. Making and
 * ending a network device takes the host 20 ms, so the first TAP_KEPT of them
 * stay when closed, as many as a bridge has ports; what is told the bridge
 * about a tap stays with it.
 */
#ifndef EINKORN_HOST_NETWORK_TAP_H
#define EINKORN_HOST_NETWORK_TAP_H

#include <stdint.h>

#include "host/common/err.h"
#include "host/network/bridge.h"

#define TAP_KEPT 1024u /* BR_MAX_PORTS of Linux */
#define TAP_BUSY (-2)

/* Opens the tap of address number `number`, whose guest has this address, up
 * and on the bridge. TAP_BUSY: a tender whose monitor was killed still has it;
 * take another number. */
int tap_open(const struct bridge *bridge, int route_fd, int bridge_index,
             uint32_t number, const uint8_t mac[6], struct err *err);

#endif
