/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc: proc(5), what programs read of it, from the kernel's own state.
 */
#ifndef EINKORN_KERNEL_FS_PROC_PROC_H
#define EINKORN_KERNEL_FS_PROC_PROC_H

#include <stdint.h>

#include "kernel/fs/pseudo/pseudo.h"

/* Mounts /proc. 0 or -errno. */
int proc_mount(void);

/* proc_system.c: the machine. */
void proc_meminfo(struct text *t, uint64_t arg);
void proc_cpuinfo(struct text *t, uint64_t arg);
void proc_stat(struct text *t, uint64_t arg);
void proc_loadavg(struct text *t, uint64_t arg);
void proc_uptime(struct text *t, uint64_t arg);
void proc_hostname(struct text *t, uint64_t arg);
void proc_uuid(struct text *t, uint64_t arg);
void proc_boot_id(struct text *t, uint64_t arg);
void proc_net(struct text *t, uint64_t arg); /* arg: the name */

/* proc_self.c: the process. */
void proc_self_maps(struct text *t, uint64_t arg);
void proc_self_smaps(struct text *t, uint64_t arg);
void proc_self_stat(struct text *t, uint64_t tid);
void proc_self_statm(struct text *t, uint64_t arg);
void proc_self_status(struct text *t, uint64_t tid);
void proc_self_cmdline(struct text *t, uint64_t arg);
void proc_self_environ(struct text *t, uint64_t arg);
void proc_self_auxv(struct text *t, uint64_t arg);
void proc_self_limits(struct text *t, uint64_t arg);
void proc_self_mounts(struct text *t, uint64_t arg);
void proc_self_mountinfo(struct text *t, uint64_t arg);
void proc_self_comm(struct text *t, uint64_t tid);
int proc_self_comm_set(const char *text, uint64_t tid);

#endif
