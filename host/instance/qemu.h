/* SPDX-License-Identifier: BSD-2-Clause */
/* Starting an instance in QEMU (abi/bundle.h, docs/vm.md). */
#ifndef EINKORN_HOST_INSTANCE_QEMU_H
#define EINKORN_HOST_INSTANCE_QEMU_H

#include "host/instance/tender.h"

/* Returns QEMU's pid, or -1. *ctl_fd is the control line: stop requests go
 * down, one byte each, and the exit status comes up. */
pid_t qemu_start(const struct tender *tender, int *ctl_fd, struct err *err);

/* The status that came over the control line, or -1: QEMU ended without. */
int qemu_exit_status(int ctl_fd);

#endif
