/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /sys: sysfs(5), the few files that programs read.
 */
#ifndef EINKORN_KERNEL_FS_SYS_SYS_H
#define EINKORN_KERNEL_FS_SYS_SYS_H

/* Mounts /sys. 0 or -errno. */
int sys_mount(void);

#endif
