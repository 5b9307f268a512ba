/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /sys: the few files about processors and memory that programs read.
 */
#ifndef EINKORN_KERNEL_FS_SYS_SYS_H
#define EINKORN_KERNEL_FS_SYS_SYS_H

/* Mounts it. 0 or -errno. */
int sys_mount(void);
/* cgroup.c: /sys/fs/cgroup, in it. */
int cgroup_mount(void);

#endif
