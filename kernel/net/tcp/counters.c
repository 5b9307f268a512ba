/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/net/counters.h"

struct net_counters net_counters;
