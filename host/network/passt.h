/* SPDX-License-Identifier: BSD-2-Clause */
/* Networking without privilege: passt(1) at the other end of a socket. */
#ifndef EINKORN_HOST_NETWORK_PASST_H
#define EINKORN_HOST_NETWORK_PASST_H

#include "host/common/err.h"
#include "host/network/network.h"

/* Where passt is, or NULL. */
const char *passt_path(void);

/* Starts one for this instance. */
int passt_attach(struct network *net, const struct spec *spec, struct err *err);

/* Ends it. */
void passt_detach(struct network *net);

#endif
