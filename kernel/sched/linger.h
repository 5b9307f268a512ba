/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking at devices for a moment before sleeping.
 */
#ifndef EINKORN_KERNEL_SCHED_LINGER_H
#define EINKORN_KERNEL_SCHED_LINGER_H

#include <stdbool.h>
#include <stdint.h>

/* True: a device had something, or *pending (the platform's events) is not 0.
 * False: sleep. */
bool linger(const uint8_t *pending);

#endif
