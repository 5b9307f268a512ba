/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handing out addresses of the subnet: byte N of RUN/net/addresses is locked
 * by the monitor whose instance has address number N, so that a crash frees
 * it.
 */
#ifndef EINKORN_HOST_NETWORK_ADDRESS_H
#define EINKORN_HOST_NETWORK_ADDRESS_H

#include <stdint.h>

#include "host/common/err.h"

/* Numbers first..last; returns a descriptor to keep open, *number the one. */
int address_take(const char *run_dir, uint32_t first, uint32_t last,
                 uint32_t *number, struct err *err);

#endif
