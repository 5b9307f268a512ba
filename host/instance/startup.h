/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Has a tender come up? Its system call filter is the last thing that it asks
 * of the host before the instance runs: until then the host's kernel may hold
 * it, for ever if there is something wrong with the host.
 */
#ifndef EINKORN_HOST_INSTANCE_STARTUP_H
#define EINKORN_HOST_INSTANCE_STARTUP_H

#include <sys/types.h>

#include "host/common/err.h"

/* How long it may take: EINKORN_START_SECONDS, or half a minute. */
int startup_seconds(void);

/* 0: it is up, or has ended. -1: it is not; the error says where the host has
 * it (proc(5)), as far as we may know. */
int startup_check(pid_t tender, const char *name, struct err *err);

#endif
