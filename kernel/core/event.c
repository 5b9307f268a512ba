/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of device poll functions, and the rule by which sending waits: a
 * server answers several requests before it asks for the next ones, and their
 * frames had better go together. A program that computes after it has sent
 * must not delay what it sent by a tick each time: once that has happened, the
 * next many are sent at once. A thread that has answered and waits for its next
 * request ends the wait only where no other thread has something to do, or the
 * oldest answer has waited for long.
 */
#include "kernel/core/event.h"

#include "kernel/core/clock.h"

enum { LATE_NS = 500000, LONG_NS = 150000, EAGER = 512 };

static struct list sources = LIST_INIT(sources);
static bool polling;
bool event_deferred;
static uint64_t deferred_ns; /* since when */
static unsigned eager;       /* so many are sent at once */
static unsigned answers;     /* deferred ones that no empty read followed */
static bool (*bounded)(void);

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
    event_flush();
    return done;
}

bool event_defer(void)
{
    if (eager) {
        eager--;
        return false;
    }
    if (!bounded || !bounded())
        return false;
    if (!event_deferred)
        deferred_ns = clock_mono_ns();
    event_deferred = true;
    answers++;
    return true;
}

bool event_may_wait(void)
{
    return event_deferred && clock_mono_ns() - deferred_ns < LONG_NS;
}

bool event_read_nothing(void)
{
    if (!answers || !event_may_wait())
        return false;
    answers--;
    return true;
}

void event_notify(bool (*fn)(void))
{
    bounded = fn;
}

void event_flush_now(void)
{
    event_deferred = false;
    answers = 0;
    list_for_each(node, &sources)
    {
        struct event_source *s = container_of(node, struct event_source, node);

        if (s->flush)
            s->flush(s);
    }
}

void event_tick(void)
{
    if (event_deferred && clock_mono_ns() - deferred_ns > LATE_NS)
        eager = EAGER;
    event_flush();
}
