/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of device poll functions.
 */
#include "kernel/core/event.h"

#include "kernel/core/clock.h"

static struct list sources = LIST_INIT(sources);
static bool polling;

void event_register(struct event_source *source)
{
    list_push_back(&sources, &source->node);
}

bool event_has_sources(void)
{
    return !list_empty(&sources);
}

bool event_poll(void)
{
    bool done = false;

    if (polling)
        return false;
    polling = true;
    list_for_each(node, &sources)
    {
        struct event_source *s = container_of(node, struct event_source, node);

        done |= s->poll(s);
    }
    timer_run();
    polling = false;
    return done;
}
