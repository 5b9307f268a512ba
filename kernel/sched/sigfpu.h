/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vector image of a signal frame.
 */
#ifndef EINKORN_KERNEL_SCHED_SIGFPU_H
#define EINKORN_KERNEL_SCHED_SIGFPU_H

#include <stdint.h>

#include "kernel/core/uaccess.h"

/* Bytes that the image takes, its end marker included. */
uint32_t sigfpu_size(void);
/* The current thread's vector registers to addr (64-byte aligned). 0,
 * -EFAULT or -ENOMEM. */
int sigfpu_push(uptr_t addr);
/* Back from there; 0 stands for a program's initial state. */
int sigfpu_pop(uptr_t addr);

#endif
