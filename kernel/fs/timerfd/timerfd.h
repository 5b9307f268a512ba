/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timerfd_create(2): a timer with a descriptor. Times are nanoseconds.
 */
#ifndef EINKORN_KERNEL_FS_TIMERFD_TIMERFD_H
#define EINKORN_KERNEL_FS_TIMERFD_TIMERFD_H

#include <stdbool.h>
#include <stdint.h>

struct file;

/* real: counts real time. flags: O_NONBLOCK. One reference, or NULL. */
struct file *timerfd_new(bool real, uint32_t flags);
/* value 0 disarms; absolute on the timer's clock, else from now. -EINVAL: no
 * timer. cancel: TFD_TIMER_CANCEL_ON_SET (clocks are never set here). */
int timerfd_set(struct file *f, uint64_t value_ns, uint64_t interval_ns,
                bool absolute);
/* Until the next expiration (0: disarmed), and the interval. */
int timerfd_get(struct file *f, uint64_t *value_ns, uint64_t *interval_ns);

#endif
