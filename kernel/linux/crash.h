/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the program stood: backtraces with its symbols, for its death by a
 * signal and for a kernel panic.
 */
#ifndef EINKORN_KERNEL_LINUX_CRASH_H
#define EINKORN_KERNEL_LINUX_CRASH_H

/* Hooks the reports in. */
void crash_init(void);

#endif
