/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Staying on one processor during a start. Tool and tender take turns: one
 * waits while the other works. Left to itself Linux moves each new process to
 * an idle processor, whose waking takes longer than what the process has to do
 * there (docs/start.md). One start at a time.
 */
#ifndef EINKORN_HOST_INSTANCE_STAY_H
#define EINKORN_HOST_INSTANCE_STAY_H

#include <sys/types.h>

/* This process, and those that it makes, stay on the processor that it is on,
 * one of those it may use. Does nothing where there is no choice, or where
 * Linux does not say (sched_setaffinity(2)). */
void stay_begin(void);

/* Process pid (0: this one) may use again what this one could before
 * stay_begin(). It is not moved by that. */
void stay_end(pid_t pid);

#endif
