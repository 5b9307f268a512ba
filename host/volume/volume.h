/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host directory for one instance: a 9P2000.L server in a process of its
 * own that can reach nothing but that directory. One message at a time, over
 * a SOCK_SEQPACKET pair.
 */
#ifndef EINKORN_HOST_VOLUME_VOLUME_H
#define EINKORN_HOST_VOLUME_VOLUME_H

#include <sys/types.h>

#include "host/common/err.h"
#include "host/instance/spec.h"

/* Starts the server; *chan_fd is the instance's end. The server ends when
 * that is closed everywhere, or with the calling process. */
pid_t volume_start(const struct volume *volume, int *chan_fd, struct err *err);

#endif
