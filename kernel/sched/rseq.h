/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restartable sequences, rseq(2): a thread names a few instructions that are
 * to be begun again if it is preempted or gets a signal in between. The area
 * also shows the number of the processor.
 */
#ifndef EINKORN_KERNEL_SCHED_RSEQ_H
#define EINKORN_KERNEL_SCHED_RSEQ_H

#include <stdint.h>

#include "kernel/core/uaccess.h"

struct abi_frame;

/* For the current thread: 0, -EINVAL, -EFAULT, -EBUSY (registered already),
 * -EPERM (another signature). */
int rseq_register(uptr_t area, uint32_t len_bytes, uint32_t signature);
int rseq_unregister(uptr_t area, uint32_t len_bytes, uint32_t signature);

/* The current thread, which has an area, is about to go on at f after it was
 * interrupted, perhaps on another processor: out of a sequence it is sent to
 * where that is given up. A description that is not one is a SIGSEGV. */
void rseq_interrupted(struct abi_frame *f);

#endif
