/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User ids of a sandbox: 65,536 of them, root included, that are nobody's on
 * the host (user_namespaces(7)).
 */
#ifndef EINKORN_HOST_RECORD_IDMAP_H
#define EINKORN_HOST_RECORD_IDMAP_H

#include <sys/types.h>

#include "host/common/err.h"

enum { IDMAP_NR_IDS = 65536 };

/* Write the maps of a process that has made its user namespace. As root from
 * a range of our own, else through newuidmap(1) and /etc/subuid. */
int idmap_write(pid_t pid, struct err *err);

#endif
