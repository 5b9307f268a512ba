/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /sys: the few files about processors, memory and network interfaces that
 * programs read.
 */
#ifndef EINKORN_KERNEL_FS_SYS_SYS_H
#define EINKORN_KERNEL_FS_SYS_SYS_H

#include "kernel/fs/pseudo/pseudo.h"

/* Mounts it. 0 or -errno. */
int sys_mount(void);
/* cgroup.c: /sys/fs/cgroup, in it. */
int cgroup_mount(void);
/* netclass.c: /sys/class */
extern const struct pseudo_node sys_class_entries[];

#endif
