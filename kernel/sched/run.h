/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run queue, shared inside kernel/sched.
 */
#ifndef EINKORN_KERNEL_SCHED_RUN_H
#define EINKORN_KERNEL_SCHED_RUN_H

#include "kernel/sched/thread.h"

/* Threads that could run and do not. */
extern struct list runnable;

/* The first of them that may run here, or NULL. */
struct thread *run_find(const struct cpu *cpu);

/* A thread that is not in the book of the process yet. NULL: no memory. */
struct thread *thread_alloc(void (*fn)(void *), void *arg);

/* Make t, the first thread, current without a switch away from another. */
_Noreturn void run_first(struct thread *t);
/* A new thread's stack: it will run fn(arg). */
void run_prepare(struct thread *t, void (*fn)(void *), void *arg);
/* Give up the CPU until current is runnable again; idles meanwhile. */
void run_others(void);
/* Lets all others that can run go first. */
void run_to_the_end(void);
/* A dead thread's memory is freed by whoever runs next. */
void run_reap_later(struct thread *t);
/* Called by the first instructions of a new thread. */
void sched_thread_begun(void);
/* Make the registers hold the current thread's vector state. */
void fpu_make_live(void);
/* Another thread follows; t may run on another CPU next. */
void fpu_leave(struct thread *t);
/* t->fpu exists from now on: 0 or -ENOMEM. */
int fpu_ensure_area(struct thread *t);
/* What arrived while masked: devices, timers, stop requests, ticks. */
void run_take_events(void);
/* Some CPU runs t, or waits on its stack. */
static inline bool run_is_current(const struct thread *t)
{
    return t->cpu && t->cpu->current == t;
}

#endif
