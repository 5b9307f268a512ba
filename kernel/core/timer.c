/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers in a binary heap, earliest first. Slot 0 is not used, so that 0 can
 * mean "not armed".
 */
#include "kernel/core/alloc.h"
#include "kernel/core/clock.h"
#include "kernel/core/log.h"

static struct {
    struct timer **slots;
    uint32_t nr, capacity; /* capacity counts slot 0 */
    bool running;
    void (*earlier)(void);
} heap;

static void place(uint32_t slot, struct timer *timer)
{
    heap.slots[slot] = timer;
    timer->slot = slot;
}

static void sift_up(uint32_t slot, struct timer *timer)
{
    while (slot > 1 && heap.slots[slot / 2]->deadline_ns > timer->deadline_ns) {
        place(slot, heap.slots[slot / 2]);
        slot /= 2;
    }
    place(slot, timer);
}

static void sift_down(uint32_t slot, struct timer *timer)
{
    for (;;) {
        uint32_t child = slot * 2;

        if (child > heap.nr)
            break;
        if (child < heap.nr &&
            heap.slots[child + 1]->deadline_ns < heap.slots[child]->deadline_ns)
            child++;
        if (heap.slots[child]->deadline_ns >= timer->deadline_ns)
            break;
        place(slot, heap.slots[child]);
        slot = child;
    }
    place(slot, timer);
}

static void grow(void)
{
    uint32_t capacity = heap.capacity ? heap.capacity * 2 : 64;
    struct timer **slots = krealloc(heap.slots, capacity * sizeof(void *));

    if (!slots)
        panic("no memory for %u timers", capacity);
    heap.slots = slots;
    heap.capacity = capacity;
}

void timer_cancel(struct timer *timer)
{
    uint32_t slot = timer->slot;
    struct timer *last;

    if (!slot)
        return;
    timer->slot = 0;
    last = heap.slots[heap.nr--];
    if (last == timer)
        return;
    if (slot > 1 && heap.slots[slot / 2]->deadline_ns > last->deadline_ns)
        sift_up(slot, last);
    else
        sift_down(slot, last);
}

void timer_set(struct timer *timer, uint64_t deadline_mono_ns)
{
    timer_cancel(timer);
    if (heap.nr + 1 >= heap.capacity)
        grow();
    timer->deadline_ns = deadline_mono_ns;
    sift_up(++heap.nr, timer);
    if (timer->slot == 1 && heap.earlier)
        heap.earlier();
}

void timer_notify(void (*earlier)(void))
{
    heap.earlier = earlier;
}

uint64_t timer_next(void)
{
    return heap.nr ? heap.slots[1]->deadline_ns : NO_DEADLINE;
}

uint64_t timer_run(void)
{
    uint64_t now;

    if (heap.running || !heap.nr)
        return timer_next();
    heap.running = true;
    now = clock_mono_ns();
    while (heap.nr && heap.slots[1]->deadline_ns <= now) {
        struct timer *timer = heap.slots[1];

        timer_cancel(timer);
        timer->fn(timer);
    }
    heap.running = false;
    return timer_next();
}
