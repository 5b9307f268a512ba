/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What start.S calls, and the parts that kernel_main starts.
 */
#ifndef EINKORN_KERNEL_MAIN_H
#define EINKORN_KERNEL_MAIN_H

#include "abi/platform.h"

enum { PLATFORM_MISMATCH = 125 };

_Noreturn void kernel_main(const struct abi_boot *boot);

/* Until their parts are there. */
void vfs_init(void) __attribute__((weak));
void net_init(void) __attribute__((weak));
_Noreturn void exec_init_program(void) __attribute__((weak));

#endif
