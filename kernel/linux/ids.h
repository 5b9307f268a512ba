/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process's identity at its start.
 */
#ifndef EINKORN_KERNEL_LINUX_IDS_H
#define EINKORN_KERNEL_LINUX_IDS_H

#include <stdint.h>

/* Root of the instance has all capabilities, others have none. */
void ids_init(uint32_t uid, uint32_t gid);
/* Resource limits as a program finds them. */
void limits_init(void);
/* Ids, limits and names from the configuration. */
void process_init(void);

#endif
