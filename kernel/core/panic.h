/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Crash reports. panic() itself is in log.h.
 */
#ifndef EINKORN_KERNEL_CORE_PANIC_H
#define EINKORN_KERNEL_CORE_PANIC_H

struct abi_frame;

/* What else there is to say when the kernel panics; NULL: nothing. */
extern void (*panic_more)(void);

/* Registers, one log line for each four. */
void log_frame(const struct abi_frame *f);
/* An unexpected exception in the kernel. */
_Noreturn void panic_at(const struct abi_frame *f, const char *what);

#endif
