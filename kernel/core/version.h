/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What uname(2) and /proc tell of the kernel: the Linux whose calls it has.
 */
#ifndef EINKORN_KERNEL_CORE_VERSION_H
#define EINKORN_KERNEL_CORE_VERSION_H

#define KERNEL_RELEASE "6.1.0-einkorn"
#define KERNEL_VERSION "#1 SMP PREEMPT_DYNAMIC Einkorn"

#endif
