/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where upper layers may look on (tracing, crash reports). A hook that is
 * NULL costs a compare; set at start, never changed afterwards.
 */
#ifndef EINKORN_KERNEL_SCHED_OBSERVE_H
#define EINKORN_KERNEL_SCHED_OBSERVE_H

#include <stdbool.h>

struct abi_frame;
struct siginfo_k;

struct observer {
    void (*sleep)(void); /* the current thread is about to sleep */
    /* The current thread gets a signal; fatal: by default it ends us. */
    void (*signal)(const struct siginfo_k *info, bool fatal);
    /* A signal that dumps core ends the program, which stood at f. */
    void (*crash)(const struct abi_frame *f, const struct siginfo_k *info);
    void (*end)(int status); /* the instance ends */
};
extern struct observer observer;

#endif
