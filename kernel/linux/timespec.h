/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Times as programs give and take them, clocks by number (clock_gettime(2)),
 * and the deadlines that follow.
 */
#ifndef EINKORN_KERNEL_LINUX_TIMESPEC_H
#define EINKORN_KERNEL_LINUX_TIMESPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/uaccess.h"

enum clock_id {
    CLOCK_ID_REALTIME = 0,
    CLOCK_ID_MONOTONIC = 1,
    CLOCK_ID_PROCESS_CPU = 2,
    CLOCK_ID_THREAD_CPU = 3,
    CLOCK_ID_MONOTONIC_RAW = 4,
    CLOCK_ID_REALTIME_COARSE = 5,
    CLOCK_ID_MONOTONIC_COARSE = 6,
    CLOCK_ID_BOOTTIME = 7,
    CLOCK_ID_REALTIME_ALARM = 8,
    CLOCK_ID_BOOTTIME_ALARM = 9,
    CLOCK_ID_TAI = 11,
};

struct ktimespec {
    int64_t sec, nsec;
};
struct ktimeval {
    int64_t sec, usec;
};

/* The clock's reading in nanoseconds; -EINVAL if there is none such. */
int clock_read(int32_t clock, int64_t *ns);
/* Does it count real time (which may be stepped)? */
bool clock_is_real(int32_t clock);

/* Does timer_create(2) take it? Not the raw and the coarse ones. */
bool clock_has_timers(int32_t clock);

struct ktimespec timespec_of(uint64_t ns);
/* Checked: 0 and *ns (saturated), -EFAULT or -EINVAL. */
int timespec_from_user(uptr_t addr, uint64_t *ns);
int timespec_to_user(uptr_t addr, uint64_t ns);
int timeval_from_user(uptr_t addr, uint64_t *ns);
int timeval_to_user(uptr_t addr, uint64_t ns);

/* Monotonic deadline of a timespec on this clock, absolute or relative. */
int deadline_from_user(uptr_t addr, int32_t clock, bool absolute,
                       uint64_t *deadline_ns);
uint64_t deadline_of(uint64_t ns, int32_t clock, bool absolute);
/* Deadlines of poll(2) and its kin: 0 does not wait, NO_DEADLINE for ever.
 * From milliseconds (negative: for ever), nanoseconds, or a timespec (NULL:
 * for ever; 0 or -errno). */
uint64_t timeout_ms(int32_t ms);
uint64_t timeout_ns(uint64_t ns);
int timeout_from_user(uptr_t addr, uint64_t *deadline_ns);

#endif
