/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting einkorn-proc for an instance (abi/handover.h). */
#ifndef EINKORN_HOST_INSTANCE_TENDER_H
#define EINKORN_HOST_INSTANCE_TENDER_H

#include <stddef.h>
#include <sys/types.h>

#include "host/common/err.h"
#include "host/instance/cgroup.h"
#include "host/instance/config.h"
#include "host/instance/dirs.h"

struct tender {
    const struct dirs *dirs;
    const struct plan *plan;
    const struct cgroup *cgroup;
    const char *config; /* abi/config.h strings */
    size_t config_len;
    int stdio[3];
    int alive_fd; /* see launch.h */
    const int *chan_fds;
    int nr_chans;
    int core_fd; /* corefile.h, or -1 */
    int gdb_fd;  /* gdbline.h, or -1 */
};

/* Returns the tender's pid, or -1. */
pid_t tender_start(const struct tender *tender, struct err *err);

/* The same for einkorn-kvm (docs/kvm.md). *ctl_fd as in qemu.h. */
pid_t kvm_start(const struct tender *tender, int *ctl_fd, struct err *err);

#endif
