/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private to kernel/fs/proc: what the files here give to its tables. arg is a
 * thread's number in everything under /proc/PID.
 */
#ifndef EINKORN_KERNEL_FS_PROC_TABLES_H
#define EINKORN_KERNEL_FS_PROC_TABLES_H

#include "kernel/fs/pseudo/pseudo.h"

enum { CLOCK_TICKS = 100, PROC_PID = 1 }; /* USER_HZ */

extern const struct pseudo_node proc_pid_node, proc_sys_entries[],
    proc_net_entries[], proc_fd_each, proc_fdinfo_each;

/* fd.c */
bool proc_fd_next(uint64_t arg, uint64_t *nr);

/* maps.c */
void proc_maps(struct seq *s, uint64_t arg);
void proc_smaps(struct seq *s, uint64_t arg);

/* status.c */
void proc_stat_thread(struct seq *s, uint64_t arg);
void proc_stat_process(struct seq *s, uint64_t arg);
void proc_statm(struct seq *s, uint64_t arg);
void proc_status(struct seq *s, uint64_t arg);
void proc_limits(struct seq *s, uint64_t arg);
/* Ticks of USER_HZ since the instance began, for a monotonic time. */
uint64_t proc_ticks(uint64_t ns);

/* system.c */
void proc_meminfo(struct seq *s, uint64_t arg);
void proc_stat(struct seq *s, uint64_t arg);
void proc_uptime(struct seq *s, uint64_t arg);
void proc_loadavg(struct seq *s, uint64_t arg);
void proc_vmstat(struct seq *s, uint64_t arg);
void proc_mounts(struct seq *s, uint64_t arg);
void proc_mountinfo(struct seq *s, uint64_t arg);

/* cpuinfo.c */
void proc_cpuinfo(struct seq *s, uint64_t arg);

#endif
