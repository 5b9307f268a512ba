/* SPDX-License-Identifier: BSD-2-Clause */
/* Acting on somebody else's instance, through its monitor. */
#ifndef EINKORN_HOST_INSTANCE_CONTROL_H
#define EINKORN_HOST_INSTANCE_CONTROL_H

#include "host/common/err.h"
#include "host/instance/store.h"

/* Passes a signal to the program; -1 if the instance does not run. */
int control_signal(const struct inst *inst, int signal, struct err *err);

/* SIGTERM or what it asked for, and SIGKILL after that many seconds. Returns
 * once it has ended; nothing to do if it does not run. */
int control_stop(struct inst *inst, int seconds, struct err *err);

/* Removes an instance that does not run, and what its monitor may have left
 * on the host. */
int control_remove(const struct store *store, const char *run_dir,
                   struct inst *inst, struct err *err);

#endif
