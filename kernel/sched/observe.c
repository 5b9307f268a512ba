/* SPDX-License-Identifier: BSD-2-Clause */
/* The one set of hooks: see observe.h. */
#include "kernel/sched/observe.h"

struct observer observer;
