/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory limit of one instance: a control group of its own (version 1 or
 * 2, whichever has the memory controller) with only the tender inside; the
 * monitor stays out, so that it survives to tell. Made only when asked for.
 */
#ifndef EINKORN_HOST_INSTANCE_CGROUP_H
#define EINKORN_HOST_INSTANCE_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "host/common/err.h"

struct cgroup {
    char path[192]; /* "": none */
    bool is_v2;
    int procs_fd; /* write "0" to enter; -1: none */
};

/* Makes the group einkorn/ID with the limit. */
int cgroup_make(struct cgroup *group, const char *id, uint64_t mem_bytes,
                struct err *err);

/* Did the kernel kill for lack of memory in there? */
bool cgroup_was_oom(const struct cgroup *group);

/* Ends whatever is left in it and removes it. */
void cgroup_remove(struct cgroup *group);

/* The same for an instance whose monitor died. */
void cgroup_remove_leftover(const char *id);

#endif
