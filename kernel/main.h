/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What start.S calls.
 */
#ifndef EINKORN_KERNEL_MAIN_H
#define EINKORN_KERNEL_MAIN_H

#include "abi/platform.h"

enum { PLATFORM_MISMATCH = 125 };

_Noreturn void kernel_main(const struct abi_boot *boot);

#endif
