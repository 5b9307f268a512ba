/* SPDX-License-Identifier: BSD-2-Clause */
/* A terminal for an instance (run -t) and our own one beside it. */
#ifndef EINKORN_HOST_INSTANCE_PTY_H
#define EINKORN_HOST_INSTANCE_PTY_H

#include "host/common/err.h"

/* A new pair. */
int pty_open(int *master_fd, int *slave_fd, struct err *err);

/* Give it the size of the terminal on our stdin, if that is one. */
void pty_copy_size(int master_fd);

/* Our own terminal: every key to the program. Restored by pty_restore(). */
void pty_raw(void);
void pty_restore(void);

#endif
