/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel lock: with several CPUs, one at a time is in the kernel. Taken on
 * the way in from the program and after the platform's wait(), given back on
 * the way out and before wait(). It belongs to the CPU, not to the thread: who
 * holds it may switch threads. So what is written for one CPU stays true:
 * between a check and thread_sleep() nothing else runs.
 *
 * With one CPU nobody calls this: the ways in and out are others.
 */
#ifndef EINKORN_KERNEL_CORE_LOCK_H
#define EINKORN_KERNEL_CORE_LOCK_H

/* Spins for a while, then sleeps in wait(). Masked. */
void kernel_lock(void);
void kernel_unlock(void);

#endif
