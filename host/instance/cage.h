/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The namespaces that all cages of one run directory share: network (no
 * interface up), mount (one empty read-only root), ipc and uts. Made once and
 * pinned as files below RUN/cage, because making them takes a millisecond and
 * entering them four microseconds. Needs root.
 */
#ifndef EINKORN_HOST_INSTANCE_CAGE_H
#define EINKORN_HOST_INSTANCE_CAGE_H

#include "host/common/err.h"

struct cage {
    int net_fd, mnt_fd, ipc_fd, uts_fd; /* -1 each: not to be had here */
};

/* Opens the shared namespaces, making them if need be. -1 and a reason where
 * the host does not allow it; the cage is then all -1. */
int cage_open(struct cage *cage, const char *run_dir, struct err *err);

#endif
