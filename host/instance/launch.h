/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting a tender (or another helper): one clone that shares memory until
 * the exec, descriptors placed, namespaces and control group entered. The
 * child dies with its maker.
 */
#ifndef EINKORN_HOST_INSTANCE_LAUNCH_H
#define EINKORN_HOST_INSTANCE_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "host/common/err.h"

enum { LAUNCH_MAX_KEEP = 32 };

struct launch {
    const char *path;
    char **argv;
    char **envp;
    int stdio[3];
    int keep[LAUNCH_MAX_KEEP]; /* inherited under their numbers */
    int nr_keep;
    unsigned long namespaces; /* CLONE_NEW* for the child */
    int enter_fds[2];         /* namespaces to enter, -1: none */
    int cgroup_fd;            /* cgroup.procs, -1: none */
    int alive_fd;             /* file that the maker holds a lock on, -1 */
    bool own_session;
    bool own_terminal; /* stdio[0], of that session */
};

/* All descriptors -1, the rest zero. */
void launch_init(struct launch *launch);

/* Marks a descriptor as inherited; returns it. */
int launch_keep(struct launch *launch, int fd);

/* Returns the pid once the program runs, or -1. Signals must be blocked in
 * the caller; the child starts with none blocked. */
pid_t launch_start(const struct launch *launch, struct err *err);

#endif
