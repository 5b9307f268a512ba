/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handing out addresses of the subnet: byte N of RUN/net/addresses is locked
 * by the monitor whose instance has address number N, so that a crash frees
 * it. What the byte says is only a hint where to look: whoever gives a number
 * back marks it, and the next one finds it without trying all below it.
 */
#ifndef EINKORN_HOST_NETWORK_ADDRESS_H
#define EINKORN_HOST_NETWORK_ADDRESS_H

#include <stdint.h>

#include "host/common/err.h"

#define ADDRESS_NONE (-2)

/* One of the numbers first..last (at most 65535): the lowest that was given
 * back, else the lowest that is free. Returns a descriptor to keep open,
 * *number the one; ADDRESS_NONE: all are in use. */
int address_take(const char *run_dir, uint32_t first, uint32_t last,
                 uint32_t *number, struct err *err);

/* Closes the descriptor; the number is free again. */
void address_give_back(int fd, uint32_t number);

#endif
