/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices to look at. Drivers register a poll function; the kernel calls them
 * when idle, after a tick, and from system calls that are about to wait or to
 * report readiness (epoll_wait, poll, accept ...).
 */
#ifndef EINKORN_KERNEL_CORE_EVENT_H
#define EINKORN_KERNEL_CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/list.h"

struct event_source {
    struct list node;
    /* Take in what came, send what waits. True if anything was done. */
    bool (*poll)(struct event_source *source);
};

void event_register(struct event_source *source);
bool event_has_sources(void);
/* Polls every source and runs due timers. True if anything was done. Not
 * re-entrant: a nested call returns false at once. */
bool event_poll(void);

#endif
