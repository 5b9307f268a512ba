/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place that knows host-side pointers (kernel/core/cpu.h).
 */
#include "kernel/core/cpu.h"

struct platform platform;
