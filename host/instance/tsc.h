/* SPDX-License-Identifier: BSD-2-Clause */
/* The frequency of the time-stamp counter, found once for each host boot. */
#ifndef EINKORN_HOST_INSTANCE_TSC_H
#define EINKORN_HOST_INSTANCE_TSC_H

#include <stdint.h>

/* From RUN/tsc, or measured against CLOCK_MONOTONIC (takes 50 ms) and kept
 * there. 0: the host itself does not keep time by it. */
uint64_t tsc_hz(const char *run_dir);

#endif
