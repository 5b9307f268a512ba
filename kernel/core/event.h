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
    /* Send what waits; NULL: event_defer() is not called for it. */
    void (*flush)(struct event_source *source);
};

void event_register(struct event_source *source);
bool event_has_sources(void);
/* Polls every source and runs due timers. True if anything was done. Not
 * re-entrant: a nested call returns false at once. */
bool event_poll(void);

/* May what a source has to send wait for more, until the program asks for
 * events or sleeps? Then event_flush() will be called. False: send now; the
 * last time it computed on, and only a tick ended the wait. */
bool event_defer(void);
/* A thread sleeps while others run: may what is deferred wait for them? */
bool event_may_wait(void);
/* A program found nothing to read. True if it may be one that has just
 * answered here and goes on to other requests: neither look at devices nor
 * send. Not twice for one answer, so who waits for a reply this way gets it. */
bool event_read_nothing(void);
void event_flush_now(void);
extern bool event_deferred;
static inline void event_flush(void)
{
    if (event_deferred)
        event_flush_now();
}
/* A tick came: has something waited too long? */
void event_tick(void);
/* fn is asked when something is to wait: will a tick come? Without fn nothing
 * waits. */
void event_notify(bool (*fn)(void));

#endif
