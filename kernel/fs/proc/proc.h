/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc: proc(5). One process, number 1; its threads under task/.
 */
#ifndef EINKORN_KERNEL_FS_PROC_PROC_H
#define EINKORN_KERNEL_FS_PROC_PROC_H

/* Mounts it. 0 or -errno. */
int proc_mount(void);

#endif
