/* SPDX-License-Identifier: BSD-2-Clause */
/* Holding published ports on the host, so that nobody else takes them. */
#ifndef EINKORN_HOST_NETWORK_PORT_H
#define EINKORN_HOST_NETWORK_PORT_H

#include "host/common/err.h"
#include "host/instance/spec.h"

/* Returns a bound socket to keep open, or says who is in the way. */
int port_hold(const struct port *port, struct err *err);

/* Sets host_port to one that is free now. */
int port_choose(struct port *port, struct err *err);

#endif
