/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters of an instance, printed when it ends (run --stats). The form of
 * the report is documented in docs/cli.md and kept stable.
 */
#ifndef EINKORN_KERNEL_LINUX_STATS_H
#define EINKORN_KERNEL_LINUX_STATS_H

#include <stdbool.h>
#include <stdint.h>

/* What costs an upcall anyway; always counted. */
struct stats {
    uint64_t events, exceptions;
    uint64_t user_faults;   /* page faults settled for the program */
    uint64_t kernel_faults; /* program pages that the kernel touched */
};
extern struct stats stats;

/* True if counting system calls was asked for. */
bool stats_init(void);
void stats_call(uint32_t nr, bool fast);
void stats_missing(uint32_t nr); /* said ENOSYS */

#endif
