/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process's identity at its start.
 */
#ifndef EINKORN_KERNEL_LINUX_IDS_H
#define EINKORN_KERNEL_LINUX_IDS_H

/* Root, who has all capabilities: the kernel makes files as such. */
void ids_init(void);
/* Whom the configuration names; others than root have no capabilities. */
void ids_become_configured(void);
/* Resource limits as a program finds them. */
void limits_init(void);
/* Ids, limits and names from the configuration. */
void process_init(void);

#endif
